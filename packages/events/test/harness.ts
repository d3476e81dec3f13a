import { randomUUID } from "node:crypto";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import { createLog } from "@waybill/process/log.ts";
import type { Collection, Db, MongoClient } from "mongodb";
import { inject, onTestFinished, vi } from "vitest";
import type { AggregateDocument, AggregateStore } from "../src/aggregates.ts";
import type { KafkaConfig } from "../src/kafka.ts";
import { outboxCollection, toOutboxRows, type OutboxRow } from "../src/outbox.ts";
import { createPublisher, type Publisher } from "../src/relay/publisher.ts";
import { relayCollections, relaySlots, type SlotDocument } from "../src/relay/slots.ts";
import { runRelay } from "../src/relay/relay.ts";
import { topics } from "../src/topics.ts";

export const silent = createLog("test", "silent");
export const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

/** A database of one test, with what a service makes in it. */
export interface TestDatabase {
  url: string;
  client: MongoClient;
  db: Db;
  outbox: Collection<OutboxRow>;
  slots: Collection<SlotDocument>;
  things: AggregateStore<Thing>;
}

/** The aggregate of these tests. */
export interface Thing extends AggregateDocument {
  done: number[];
}

export async function testDatabase(url = inject("mongodbUrl")): Promise<TestDatabase> {
  const client = await connectMongo(url, new AbortController().signal, () => undefined);
  const db = client.db(`events_${randomUUID().slice(0, 8)}`);
  onTestFinished(async () => {
    await db.dropDatabase().catch(() => undefined);
    await client.close();
  });
  await ensureCollections(db, [outboxCollection, ...relayCollections, { name: "things", indexes: [] }]);
  await relaySlots(db, "").create();
  const outbox = db.collection<OutboxRow>(outboxCollection.name);
  const things = { client, outbox, collection: db.collection<Thing>("things") };
  return { url, client, db, outbox, slots: db.collection("relay_slots"), things };
}

/** Topics of one test. */
export function testTopics(brokers = inject("kafkaBrokers")): KafkaConfig {
  return { brokers: brokers.split(","), prefix: `t${randomUUID().slice(0, 8)}.`, partitions: 3, replicas: 1 };
}

/** A relay in this process; `stop` resolves when it has ended. */
interface TestRelay {
  stop: () => Promise<void>;
}

export function startTestRelay(
  { client, db }: Pick<TestDatabase, "client" | "db">,
  kafka: KafkaConfig,
  wrap: (publisher: Publisher) => Publisher = (publisher) => publisher,
): TestRelay {
  const stopping = new AbortController();
  const publisher = createPublisher("test", kafka, silent);
  const running = runRelay({ client, db, publisher: wrap(publisher), log: silent }, stopping.signal);
  const stop = async () => {
    stopping.abort();
    await running;
    await publisher[Symbol.asyncDispose]();
  };
  onTestFinished(stop);
  return { stop };
}

/** A publisher that waits for `gate` before each batch. */
export function gated(publisher: Publisher, gate: (rows: readonly OutboxRow[]) => Promise<void>): Publisher {
  return {
    publish: async (rows, signal) => {
      await gate(rows);
      await publisher.publish(rows, signal);
    },
    [Symbol.asyncDispose]: () => publisher[Symbol.asyncDispose](),
  };
}

/** Rows of one aggregate with the sequences `from` to `to`, made at `timeMs`. */
export function rowsOf(
  aggregateId: string,
  from: number,
  to: number,
  timeMs = Date.now(),
  bytes = 10,
): OutboxRow[] {
  const source = {
    tenantId: "t1",
    aggregateId,
    lastSequence: from - 1,
    time: new Date(timeMs).toISOString(),
    traceparent,
  };
  const event = { topic: topics.orders, type: "waybill.thing.changed.v1", data: { pad: "x".repeat(bytes) } };
  return toOutboxRows(
    source,
    Array.from({ length: to - from + 1 }, () => event),
  );
}

/** Resolves when `condition` answers something other than false, null and undefined, with what it answers. */
export function until<Value>(
  condition: () => Value | Promise<Value>,
  timeout = 15_000,
): Promise<NonNullable<Value>> {
  return vi.waitFor(
    async () => {
      const value = await condition();
      if (value === false || value === null || value === undefined)
        throw new Error(`not yet: ${condition.toString()}`);
      return value;
    },
    { timeout, interval: 20 },
  );
}

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
