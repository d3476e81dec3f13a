import type { Kafka } from "kafkajs";
import { isLocal, type GlobalOptions } from "./connection.ts";

/** Where the topics are. */
export interface KafkaOptions extends GlobalOptions {
  brokers?: string;
  prefix: string;
}

/** The options of every command that reads topics, as commander has them. */
export const kafkaOptions = {
  brokers: ["--brokers <brokers>", "Kafka's brokers: host:port, separated by commas (KAFKA_BROKERS)"],
  prefix: [
    "--prefix <prefix>",
    "put before every topic's name (TOPIC_PREFIX)",
    process.env["TOPIC_PREFIX"] ?? "",
  ],
} as const satisfies Record<string, readonly [string, string, string?]>;

/** Those of `npm start`. */
const LOCAL_BROKERS = "127.0.0.1:19092";

/** The brokers that the options name; those of `npm start` if the API is here; else null. */
export function brokersOf({ brokers, url }: KafkaOptions): string | null {
  return brokers ?? process.env["KAFKA_BROKERS"] ?? (isLocal(url) ? LOCAL_BROKERS : null);
}

/** What makes the commands work that read topics: most of this package needs no Kafka, and so it is not there. */
export const installKafka = "npm install kafkajs";

/** A client of Kafka that gives up soon; null where kafkajs is not installed. */
export async function connectKafka(brokers: string): Promise<Kafka | null> {
  const found = await import("kafkajs").catch(() => null);
  if (found === null) return null;
  const { Kafka: Client, logLevel } = found.default;
  return new Client({
    clientId: "waybill-cli",
    brokers: brokers.split(",").map((broker) => broker.trim()),
    connectionTimeout: 2_000,
    requestTimeout: 10_000,
    retry: { initialRetryTime: 100, retries: 3 },
    logLevel: logLevel.NOTHING,
  });
}
