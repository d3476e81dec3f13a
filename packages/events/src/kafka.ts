import type { Logger } from "@waybill/process/log.ts";
import { count, text } from "@waybill/process/settings.ts";
import { Kafka, logLevel, type LogEntry } from "kafkajs";
import { z } from "zod";

/** The settings of a process that talks to Kafka. */
export const kafkaSettings = {
  KAFKA_BROKERS: text("127.0.0.1:19092", "Kafka's brokers: host:port, separated by commas"),
  TOPIC_PREFIX: z.string().default("").describe("put before the name of every topic"),
  TOPIC_PARTITIONS: count(12, 1, 1000, "partitions of a topic that is made"),
  TOPIC_REPLICAS: count(1, 1, 9, "replicas of a topic that is made; 3 in production"),
};

/** Those settings, read. */
export interface KafkaConfig {
  brokers: string[];
  prefix: string;
  partitions: number;
  replicas: number;
}

/** The Kafka part of a service's settings. */
export function kafkaConfig(settings: {
  KAFKA_BROKERS: string;
  TOPIC_PREFIX: string;
  TOPIC_PARTITIONS: number;
  TOPIC_REPLICAS: number;
}): KafkaConfig {
  return {
    brokers: settings.KAFKA_BROKERS.split(",").map((broker) => broker.trim()),
    prefix: settings.TOPIC_PREFIX,
    partitions: settings.TOPIC_PARTITIONS,
    replicas: settings.TOPIC_REPLICAS,
  };
}

/** A kafkajs client that gives up soon, since its users have their own, endless retry, and logs to `log`. */
export function createKafka(clientId: string, brokers: readonly string[], log: Logger): Kafka {
  return new Kafka({
    clientId,
    brokers: [...brokers],
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 3 },
    logLevel: logLevel.WARN,
    logCreator: () => (entry) => logEntry(log, entry),
  });
}

// kafkajs reports each step of an outage as an error; the units of work above it report what matters.
function logEntry(log: Logger, { log: { message, error } }: LogEntry): void {
  log.debug({ kafka: message, error: typeof error === "string" ? error : undefined }, "kafka.client");
}
