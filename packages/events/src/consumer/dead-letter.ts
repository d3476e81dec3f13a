import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Admin, IHeaders, Kafka, KafkaMessage, Producer } from "kafkajs";
import type { KafkaConfig } from "../kafka.ts";
import { makeTopics, MESSAGE_BYTES_MAX, type Topic } from "../topics.ts";

/** Room for the headers that a dead letter has besides those of its message. */
const HEADER_BYTES_MAX = 64 * 1024;
const KEPT_MS = 90 * 24 * 3600 * 1000;

/** Why a message is given up. */
export interface Failure {
  reason: string;
  error: unknown;
  /** How often it was tried; 0 if it could not even be read. */
  attempts: number;
}

/** Where the messages of one group go that it cannot process. */
export interface DeadLetters extends AsyncDisposable {
  /** Resolves when Kafka has acknowledged the letter. */
  send: (partition: number, message: KafkaMessage, failure: Failure) => Promise<void>;
}

/** The topic of the messages of `topic` that `group` could not process. */
export function deadLetterTopic({ prefix }: KafkaConfig, topic: Topic, group: string): string {
  return `${prefix}${topic}.${group}.dlq`;
}

/** Makes that topic if it is missing. One partition: letters are few, and read in the order they came. */
export async function ensureDeadLetterTopic(admin: Admin, name: string, config: KafkaConfig): Promise<void> {
  if ((await admin.listTopics()).includes(name)) return;
  const configEntries = [
    { name: "max.message.bytes", value: String(MESSAGE_BYTES_MAX + HEADER_BYTES_MAX) },
    { name: "min.insync.replicas", value: String(Math.max(1, config.replicas - 1)) },
    { name: "retention.ms", value: String(KEPT_MS) },
  ];
  await makeTopics(admin, [
    { topic: name, numPartitions: 1, replicationFactor: config.replicas, configEntries },
  ]);
}

/** Writes dead letters of `source` to `target`, both with the prefix. Connects on its first use. */
export function createDeadLetters(kafka: Kafka, source: string, target: string): DeadLetters {
  let producer: Producer | null = null;
  const disconnect = async () => {
    const old = producer;
    producer = null;
    await old?.disconnect().catch(() => undefined);
  };
  return {
    async send(partition, message, failure) {
      try {
        producer ??= await connect(kafka);
        const headers = { ...message.headers, ...letterHeaders(source, partition, message, failure) };
        const letter = { key: message.key, value: message.value, headers };
        await producer.send({ topic: target, acks: -1, messages: [letter] });
      } catch (error) {
        await disconnect();
        throw error;
      }
    },
    [Symbol.asyncDispose]: disconnect,
  };
}

async function connect(kafka: Kafka): Promise<Producer> {
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  return producer;
}

function letterHeaders(
  source: string,
  partition: number,
  { offset }: KafkaMessage,
  { reason, error, attempts }: Failure,
): IHeaders {
  return {
    dlt_reason: reason,
    dlt_error: errorCode(error),
    dlt_topic: source,
    dlt_partition: String(partition),
    dlt_offset: offset,
    dlt_attempts: String(attempts),
    dlt_at: new Date().toISOString(),
  };
}

/** The catalogue's code or the class, never the message: that may hold personal data. */
function errorCode(error: unknown): string {
  if (error instanceof DomainError) return error.code;
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "number" ? `${error.name} ${error.code}` : error.name;
}
