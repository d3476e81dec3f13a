import { createLog, type Logger } from "@waybill/process/log.ts";
import { Kafka, logLevel, type Admin, type KafkaMessage, type Message, type Producer } from "kafkajs";
import { onTestFinished, vi } from "vitest";
import { toMessage } from "../src/cloud-event.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import type { Consumer } from "@waybill/consumer/consumer.ts";
import { startConsumer, type ConsumerOptions } from "../src/consumer/consumer.ts";
import type { KafkaConfig } from "../src/kafka.ts";
import { ensureTopics, topics } from "../src/topics.ts";
import { GROUP } from "./consumer-names.ts";
import { rowsOf, silent, testTopics } from "./harness.ts";

/** The order topic of one test, and one group that reads it. */
export interface TestTopic {
  kafka: KafkaConfig;
  producer: Producer;
  /** Sends to the order topic. */
  send: (messages: Message[]) => Promise<void>;
  /** The sum of the group's committed offsets: how many messages are done. */
  committed: () => Promise<number>;
  /** The group's dead letters so far. */
  deadLetters: () => Promise<KafkaMessage[]>;
  topicNames: () => Promise<string[]>;
  /** Such as "Stable". */
  groupState: () => Promise<string>;
}

export async function testTopic(brokers?: string, kafka = testTopics(brokers)): Promise<TestTopic> {
  const client = new Kafka({
    brokers: kafka.brokers,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 50 },
  });
  // Idempotent, as the relay's is: a partition of a new topic may refuse at first, and what is sent again then
  // would be there twice in the others.
  const producer = client.producer({ idempotent: true, maxInFlightRequests: 1 });
  const admin = client.admin();
  onTestFinished(() => Promise.all([admin.disconnect(), producer.disconnect()]).then(() => undefined));
  await Promise.all([admin.connect(), producer.connect()]);
  await ensureTopics(admin, [topics.orders], kafka);
  const topic = kafka.prefix + topics.orders;
  return {
    kafka,
    producer,
    send: (messages) => producer.send({ topic, messages }).then(() => undefined),
    committed: () => committedOffsets(admin, kafka.prefix + GROUP, topic),
    deadLetters: () => readAll(client, admin, `${topic}.${GROUP}.dlq`),
    topicNames: () => admin.listTopics(),
    groupState: async () => (await admin.describeGroups([kafka.prefix + GROUP])).groups[0]!.state,
  };
}

/** A consumer in this process, disposed at the end of the test. Waits are short. */
export function startTestConsumer(
  { kafka }: Pick<TestTopic, "kafka">,
  handle: (events: ConsumedEvent[]) => Promise<void>,
  options: Partial<ConsumerOptions> = {},
): Consumer {
  const consumer = startConsumer({
    group: GROUP,
    topic: topics.orders,
    kafka,
    log: silent,
    handle,
    unavailable: () => null,
    ...options,
    limits: { retryMs: 10, retryMsMax: 50, ...options.limits },
  });
  onTestFinished(() => consumer[Symbol.asyncDispose]());
  return consumer;
}

/** Messages of one aggregate, with these sequences. */
export function messagesOf(aggregateId: string, from: number, to: number): Message[] {
  return rowsOf(aggregateId, from, to).map((row) => toMessage(row, "/waybill/test"));
}

/** `key sequence`, such as "o1 3". */
export const nameOf = ({ aggregateId, sequence }: Pick<ConsumedEvent, "aggregateId" | "sequence">) =>
  `${aggregateId} ${sequence}`;

/** The names of that many events of each key, key by key. */
export const namesUpTo = (keys: readonly string[], count: number) =>
  keys.flatMap((aggregateId) =>
    Array.from({ length: count }, (_, index) => nameOf({ aggregateId, sequence: index + 1 })),
  );

/** The events of each key in the order they came, repeats left out. */
export function sequencesByKey(
  events: readonly Pick<ConsumedEvent, "aggregateId" | "sequence">[],
): Record<string, number[]> {
  const grouped = Map.groupBy(events, ({ aggregateId }) => aggregateId);
  return Object.fromEntries(
    [...grouped].map(([key, members]) => [key, [...new Set(members.map(({ sequence }) => sequence))]]),
  );
}

/** A log that remembers its messages. */
export function rememberingLog(): { log: Logger; said: string[] } {
  const said: string[] = [];
  const log = createLog("test", "silent");
  for (const level of ["debug", "info", "warn", "error"] as const) {
    vi.spyOn(log, level).mockImplementation(
      (_facts: unknown, message?: string) => void said.push(message ?? ""),
    );
  }
  vi.spyOn(log, "child").mockReturnValue(log as never);
  return { log, said };
}

export const text = (value: unknown) => String(value);

async function committedOffsets(admin: Admin, groupId: string, topic: string): Promise<number> {
  const [offsets] = await admin.fetchOffsets({ groupId, topics: [topic] });
  return offsets!.partitions.reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
}

async function readAll(client: Kafka, admin: Admin, topic: string): Promise<KafkaMessage[]> {
  const [{ high } = { high: "0" }] = await admin.fetchTopicOffsets(topic);
  const found: KafkaMessage[] = [];
  if (high === "0") return found;
  const consumer = client.consumer({ groupId: `${topic}.${crypto.randomUUID()}`, maxWaitTimeInMs: 50 });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await new Promise<void>((resolve) => {
    void consumer.run({
      eachMessage: async ({ message }) => {
        found.push(message);
        if (found.length === Number(high)) resolve();
      },
    });
  });
  await consumer.disconnect();
  return found;
}
