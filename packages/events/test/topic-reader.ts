import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";
import { onTestFinished } from "vitest";
import type { KafkaConfig } from "../src/kafka.ts";
import { ensureTopics, topics } from "../src/topics.ts";
import { until } from "./harness.ts";

/** A message as a consumer gets it. */
interface Received {
  topic: string;
  key: string;
  sequence: number;
  bytes: number;
  headers: Record<string, string>;
  value: string;
}

/** What a consumer got so far, and its judgment. */
interface TopicReader {
  received: Received[];
  /** Resolves when each of these keys has its sequences 1 to n. */
  complete: (expected: ReadonlyMap<string, number>, timeoutMs?: number) => Promise<void>;
}

/** Reads all topics of a test from their beginning. Makes them if they are not there. */
export async function readTopics(config: KafkaConfig): Promise<TopicReader> {
  const kafka = new Kafka({
    brokers: config.brokers,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50 },
  });
  const admin = kafka.admin();
  await admin.connect();
  await ensureTopics(admin, Object.values(topics), config);
  await admin.disconnect();
  const consumer = kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 50 });
  onTestFinished(() => consumer.disconnect());
  await consumer.connect();
  await consumer.subscribe({
    topics: Object.values(topics).map((name) => config.prefix + name),
    fromBeginning: true,
  });
  const received: Received[] = [];
  await consumer.run({
    eachMessage: async ({ topic, message }) => {
      const headers = Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]);
      const value = String(message.value);
      const facts = {
        value: value.slice(0, 200),
        bytes: value.length,
        sequence: Number(message.headers?.["ce_sequence"]),
      };
      received.push({ topic, key: String(message.key), headers: Object.fromEntries(headers), ...facts });
    },
  });
  return {
    received,
    complete: (expected, timeoutMs) => until(() => isComplete(received, expected), timeoutMs).then(),
  };
}

/**
 * What a consumer that drops every sequence up to its last one would miss: for each key, the first message
 * that came before the one it follows. Empty if nothing is lost that way.
 */
export function outOfOrder(received: readonly Received[]): string[] {
  const last = new Map<string, number>();
  const found: string[] = [];
  for (const { key, sequence } of received) {
    const before = last.get(key) ?? 0;
    if (sequence > before + 1) found.push(`${key}: ${sequence} after ${before}`);
    last.set(key, Math.max(before, sequence));
  }
  return found;
}

function isComplete(received: readonly Received[], expected: ReadonlyMap<string, number>): boolean {
  const seen = new Map<string, Set<number>>();
  for (const { key, sequence } of received) seen.set(key, (seen.get(key) ?? new Set()).add(sequence));
  return [...expected].every(([key, count]) => (seen.get(key)?.size ?? 0) === count);
}
