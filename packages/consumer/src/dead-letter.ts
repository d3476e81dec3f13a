import type { Admin, IHeaders, Kafka, KafkaMessage, Producer } from "kafkajs";
import { makeTopics, MESSAGE_BYTES_MAX } from "./make-topics.ts";

/** Room for the headers that a dead letter has besides those of its message. */
const HEADER_BYTES_MAX = 64 * 1024;
const KEPT_MS = 90 * 24 * 3600 * 1000;

/** Why a message is given up. */
export interface Failure {
  reason: string;
  /** The error's name: never its message, which may hold personal data. */
  error: string;
  /** How often it was tried; 0 if it could not even be read. */
  attempts: number;
}

/** Where the messages of one group go that it cannot process. */
export interface DeadLetters extends AsyncDisposable {
  /** Resolves when Kafka has acknowledged the letter. */
  send: (partition: number, message: KafkaMessage, failure: Failure) => Promise<void>;
}

/** Makes that topic if it is missing. One partition: letters are few, and read in the order they came. */
export async function ensureDeadLetterTopic(admin: Admin, name: string, replicas: number): Promise<void> {
  if ((await admin.listTopics()).includes(name)) return;
  const configEntries = [
    { name: "max.message.bytes", value: String(MESSAGE_BYTES_MAX + HEADER_BYTES_MAX) },
    { name: "min.insync.replicas", value: String(Math.max(1, replicas - 1)) },
    { name: "retention.ms", value: String(KEPT_MS) },
  ];
  await makeTopics(admin, [{ topic: name, numPartitions: 1, replicationFactor: replicas, configEntries }]);
}

/** Writes dead letters of `source` to `target`, by their whole names. Connects on its first use. */
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
    dlt_error: error,
    dlt_topic: source,
    dlt_partition: String(partition),
    dlt_offset: offset,
    dlt_attempts: String(attempts),
    dlt_at: new Date().toISOString(),
  };
}

/** What a dead letter says of an error: its class, and its number if it has one. */
export function errorName(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  return "code" in error && typeof error.code === "number" ? `${error.name} ${error.code}` : error.name;
}
