import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";
import { inject, vi } from "vitest";

/** A message of a topic, as any consumer reads it. */
export interface TopicMessage {
  key: string;
  value: string;
  headers: Record<string, string>;
}

/** Reads a topic from its beginning with a consumer group of its own. */
export interface TopicReader extends AsyncDisposable {
  /** What has arrived so far, in the order of arrival. */
  all: () => readonly TopicMessage[];
  /** The same with this key. */
  ofKey: (key: string) => TopicMessage[];
  /** The same of a tenant. */
  ofTenant: (tenant: string) => TopicMessage[];
}

/** Starts reading. */
export async function readTopic(topic: string): Promise<TopicReader> {
  const { kafkaBrokers, topicPrefix } = inject("system");
  const kafka = new Kafka({ brokers: kafkaBrokers.split(","), logLevel: logLevel.NOTHING });
  await topicExists(kafka, topicPrefix + topic);
  const consumer = kafka.consumer({ groupId: randomUUID() });
  const messages: TopicMessage[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: topicPrefix + topic, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message }) => {
      const headers = Object.entries(message.headers ?? {}).map(
        ([name, value]) => [name, String(value)] as const,
      );
      messages.push({
        key: String(message.key),
        value: String(message.value),
        headers: Object.fromEntries(headers),
      });
    },
  });
  return {
    all: () => messages,
    ofKey: (key) => messages.filter((message) => message.key === key),
    ofTenant: (tenant) => messages.filter(({ headers }) => headers["ce_tenantid"] === tenant),
    [Symbol.asyncDispose]: () => consumer.disconnect(),
  };
}

/** Sends a message to a topic, as a service does. */
export async function sendToTopic(topic: string, { key, value, headers }: TopicMessage): Promise<void> {
  const { kafkaBrokers, topicPrefix } = inject("system");
  const kafka = new Kafka({ brokers: kafkaBrokers.split(","), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ allowAutoTopicCreation: false });
  await producer.connect();
  await producer.send({ topic: topicPrefix + topic, acks: -1, messages: [{ key, value, headers }] });
  await producer.disconnect();
}

// The services make their topics in the background, since they start without Kafka too.
async function topicExists(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await vi.waitUntil(async () => (await admin.listTopics()).includes(topic), 10_000);
  await admin.disconnect();
}
