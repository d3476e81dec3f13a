import { expect, test } from "vitest";
import type { OutboxRow } from "../src/outbox.ts";
import { gated, rowsOf, startTestRelay, testDatabase, testTopics, until } from "./harness.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

const MINUTE_MS = 60_000;

test.each([
  ["that is none", "bogus"],
  ["that is cut off", "82FF"],
  ["that is empty", ""],
  ["from before the oplog", "820000000100000001"],
])("with a token %s a relay publishes every row since the last stored time", async (_, token) => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const start = Date.now() - 20 * MINUTE_MS;
  await database.slots.updateMany({}, { $set: { token, published_to: new Date(start) } });
  for (let minute = 0; minute < 20; minute += 1) {
    await database.outbox.insertMany(rowsOf(`o${minute}`, 1, 2, start + minute * MINUTE_MS));
  }
  startTestRelay(database, kafka);
  await reader.complete(new Map(Array.from({ length: 20 }, (_, index) => [`o${index}`, 2])));
  await database.outbox.insertMany(rowsOf("o1", 3, 3));
  await reader.complete(new Map([["o1", 3]]));
  expect(outOfOrder(reader.received)).toEqual([]);
  await until(async () => !(await database.slots.distinct("token")).includes(token));
});

test("a relay leaves alone what was published longer ago than a transaction can take", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  await database.outbox.insertMany(rowsOf("old", 1, 2, Date.now() - 10 * MINUTE_MS));
  await database.outbox.insertMany(rowsOf("new", 1, 2));
  startTestRelay(database, kafka);
  await reader.complete(new Map([["new", 2]]));
  expect(reader.received.map(({ key }) => key)).not.toContain("old");
});

test("a transaction that commits later than younger rows is not skipped by the stream", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  startTestRelay(database, kafka);
  await using session = database.client.startSession();
  session.startTransaction();
  await database.outbox.insertMany(rowsOf("late", 1, 2), { session });
  await database.outbox.insertMany(rowsOf("young", 1, 3));
  await reader.complete(new Map([["young", 3]]));
  await session.commitTransaction();
  await reader.complete(new Map([["late", 2]]));
  expect(outOfOrder(reader.received)).toEqual([]);
});

test("a transaction that commits later than younger rows is not skipped by a rescan either", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const first = startTestRelay(database, kafka);
  await using session = database.client.startSession();
  session.startTransaction();
  await database.outbox.insertMany(rowsOf("late", 1, 2, Date.now() - MINUTE_MS / 2), { session });
  await database.outbox.insertMany(rowsOf("young", 1, 3));
  await reader.complete(new Map([["young", 3]]));
  await first.stop();
  await session.commitTransaction();
  await database.slots.updateMany({}, { $set: { token: null } });
  startTestRelay(database, kafka);
  await reader.complete(new Map([["late", 2]]));
  expect(outOfOrder(reader.received)).toEqual([]);
});

test("a transaction that commits behind a running rescan does not make its aggregate's next event come first", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const start = Date.now() - MINUTE_MS;
  const filler = Array.from({ length: 25 }, (_, index) =>
    rowsOf(`filler${index}`, 1, 100, start + index * 1_000),
  );
  await database.outbox.insertMany(filler.flat());
  const gate = Promise.withResolvers<void>();
  const batches: OutboxRow[][] = [];
  const wait = async (rows: readonly OutboxRow[]) => {
    batches.push([...rows]);
    await gate.promise;
  };
  startTestRelay(database, kafka, (publisher) => gated(publisher, wait));
  await until(() => batches.length > 0);
  expect(batches[0]!.length).toBeLessThan(2_500);
  // Made before rows that the rescan has read already, and committed only now; its successor lies ahead.
  await database.outbox.insertMany(rowsOf("late", 1, 1, start));
  await database.outbox.insertMany(rowsOf("late", 2, 2));
  gate.resolve();
  await reader.complete(
    new Map([
      ["late", 2],
      ["filler24", 100],
    ]),
  );
  expect(outOfOrder(reader.received)).toEqual([]);
});
