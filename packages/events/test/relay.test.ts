import { expect, test } from "vitest";
import { insertAggregates, updateAggregate } from "../src/aggregates.ts";
import type { OutboxRow } from "../src/outbox.ts";
import { topics } from "../src/topics.ts";
import {
  gated,
  rowsOf,
  startTestRelay,
  testDatabase,
  testTopics,
  traceparent,
  until,
  type Thing,
} from "./harness.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

test("a committed event arrives as a CloudEvent in binary mode, its data byte for byte", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  startTestRelay(database, kafka);
  const state: Thing = {
    _id: "o1",
    tenant_id: "t1",
    version: 1,
    sequence: 0,
    updated_at: new Date().toISOString(),
    done: [],
  };
  const created = {
    topic: topics.orders,
    type: "waybill.order.created.v1",
    messageType: "orderEvent",
    data: { b: "ü", a: 1 },
  };
  await insertAggregates(database.things, [{ state, events: [created], traceparent }]);
  const moved = { topic: topics.lineItems, type: "waybill.sku.changed.v1", data: {} };
  await updateAggregate(
    database.things,
    { _id: "o1" },
    (before) => ({ state: { ...before }, events: [moved] }),
    traceparent,
  );
  await reader.complete(new Map([["o1", 2]]));

  const [first, second] = reader.received.toSorted((a, b) => a.sequence - b.sequence);
  const row = await database.outbox.findOne({ sequence: 1 });
  expect(first).toMatchObject({
    topic: `${kafka.prefix}waybill.orders.v1`,
    key: "o1",
    value: '{"b":"ü","a":1}',
  });
  expect(first!.headers).toEqual({
    ce_specversion: "1.0",
    ce_id: row!._id,
    ce_source: "/waybill/test",
    ce_type: "waybill.order.created.v1",
    ce_subject: "o1",
    ce_time: state.updated_at,
    ce_sequence: "000000000001",
    ce_tenantid: "t1",
    ce_messagetype: "orderEvent",
    traceparent,
    "content-type": "application/json",
  });
  expect(second!.topic).toBe(`${kafka.prefix}waybill.line-items.v1`);
  expect(second!.headers).not.toHaveProperty("ce_messagetype");
});

test("events written before the relay starts and while it runs arrive in the order of each aggregate", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const keys = Array.from({ length: 20 }, (_, index) => `o${index}`);
  const write = async (from: number, to: number) => {
    for (const key of keys) await database.outbox.insertMany(rowsOf(key, from, to));
  };
  await write(1, 5);
  startTestRelay(database, kafka);
  await write(6, 10);
  await reader.complete(new Map(keys.map((key) => [key, 10])));
  expect(outOfOrder(reader.received)).toEqual([]);
});

test("the position is stored only after Kafka has acknowledged", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const gate = Promise.withResolvers<void>();
  const waiting: OutboxRow[] = [];
  const wait = async (rows: readonly OutboxRow[]) => {
    waiting.push(...rows);
    await gate.promise;
  };
  startTestRelay(database, kafka, (publisher) => gated(publisher, wait));
  const positions = () => database.slots.distinct("token");
  await until(
    async () => (await positions()).every((token) => token !== null) && (await positions()).length > 0,
  );
  const before = await positions();
  await database.outbox.insertMany(rowsOf("o1", 1, 3));
  await until(() => waiting.length === 3);
  // Two renewals of the lease pass by without touching the position.
  const lease = async () => (await database.slots.findOne({ _id: 0 }))!.lease_until.getTime();
  const leasedTo = await lease();
  await until(async () => (await lease()) > leasedTo + 2_000);
  expect(await positions()).toEqual(before);
  gate.resolve();
  await until(async () => !(await positions()).some((token) => before.includes(token)));
});
