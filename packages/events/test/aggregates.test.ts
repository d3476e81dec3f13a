import { DomainError } from "@waybill/errors/domain-error.ts";
import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import { expect, test } from "vitest";
import { insertAggregates, updateAggregate, type AggregateStore } from "../src/aggregates.ts";
import { EVENT_BYTES_MAX, type NewEvent } from "../src/outbox.ts";
import { topics } from "../src/topics.ts";
import { testDatabase, traceparent, type Thing } from "./harness.ts";

const event = (type: string, data: object = {}): NewEvent => ({ topic: topics.orders, type, data });

function newThing(id: string): Thing {
  return {
    _id: id,
    tenant_id: "t1",
    version: 1,
    sequence: 0,
    updated_at: new Date().toISOString(),
    done: [],
  };
}

function creation(id: string, events: NewEvent[] = [event("created")]) {
  return { state: newThing(id), events, traceparent };
}

/** Adds `mark`, with one event or two. */
async function addMark(things: AggregateStore<Thing>, mark: number): Promise<void> {
  const decide = (state: Thing) => ({
    state: { ...state, done: [...state.done, mark] },
    events:
      mark % 3 === 0 ? [event("marked", { mark }), event("thrice", { mark })] : [event("marked", { mark })],
  });
  await updateAggregate(things, { _id: "one" }, decide, traceparent);
}

test("of 30 changes at once each is applied once, and the events count them without a gap", async () => {
  const { things, outbox } = await testDatabase();
  await insertAggregates(things, [creation("one")]);
  const marks = Array.from({ length: 30 }, (_, index) => index);
  await Promise.all(marks.map((mark) => addMark(things, mark)));

  const rows = await outbox.find().sort({ sequence: 1 }).toArray();
  const one = await things.collection.findOne({ _id: "one" });
  expect(one).toMatchObject({ version: 31, sequence: 41 });
  expect(one!.done.toSorted((a, b) => a - b)).toEqual(marks);
  expect(rows.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 41 }, (_, index) => index + 1));
  const marked = rows
    .filter(({ type }) => type === "marked")
    .map(({ data }) => (JSON.parse(data) as { mark: number }).mark);
  expect(marked).toEqual(one!.done);
  expect(rows.map(({ _id }) => _id).toSorted()).toEqual(rows.map(({ _id }) => _id));
  const times = [...new Set(rows.map(({ time }) => time))];
  expect(times).toHaveLength(31);
  expect(times.toSorted()).toEqual(times);
  expect(times.at(-1)).toBe(one!.updated_at);
});

test("the events of one change share its time, and their ids sort as they were decided", async () => {
  const { things, outbox } = await testDatabase();
  await insertAggregates(things, [
    creation(
      "one",
      Array.from({ length: 300 }, (_, index) => event(`e${index}`)),
    ),
  ]);
  const byId = await outbox.find().sort({ _id: 1 }).toArray();
  expect(byId.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
  expect(new Set(byId.map(({ time }) => time)).size).toBe(1);
});

test("the rows of aggregates that are made together sort as they were given, and none has another's id", async () => {
  const { things, outbox } = await testDatabase();
  const ids = Array.from({ length: 300 }, (_, index) => `thing ${299 - index}`);
  const now = new Date().toISOString();
  await insertAggregates(
    things,
    ids.map((id) => ({ ...creation(id), state: { ...newThing(id), updated_at: now } })),
  );
  const byId = await outbox.find().sort({ _id: 1 }).toArray();
  expect(byId.map(({ aggregate_id }) => aggregate_id)).toEqual(ids);
});

test("a decision that throws writes nothing", async () => {
  const { things, outbox } = await testDatabase();
  await insertAggregates(things, [creation("one")]);
  const refuse = () => {
    throw new DomainError("NOT_ALLOWED");
  };
  await expect(updateAggregate(things, { _id: "one" }, refuse, traceparent)).rejects.toMatchObject({
    code: "NOT_ALLOWED",
  });
  expect(await things.collection.findOne({ _id: "one" })).toMatchObject({ version: 1, sequence: 1 });
  expect(await outbox.countDocuments()).toBe(1);
});

test("an event that Kafka would not take is refused, and the change with it", async () => {
  const { things, outbox } = await testDatabase();
  await insertAggregates(things, [creation("one")]);
  const tooLarge = event("large", { pad: "é".repeat(EVENT_BYTES_MAX / 2) });
  const grow = (state: Thing) => ({ state: { ...state, done: [1] }, events: [event("small"), tooLarge] });
  await expect(updateAggregate(things, { _id: "one" }, grow, traceparent)).rejects.toMatchObject({
    code: "RECORD_TOO_LARGE",
  });
  expect(await things.collection.findOne({ _id: "one" })).toMatchObject({ version: 1, done: [] });
  expect(await outbox.countDocuments()).toBe(1);
});

test("a decision that changes nothing writes nothing, and an unknown aggregate is null", async () => {
  const { things, outbox } = await testDatabase();
  await insertAggregates(things, [creation("one")]);
  const leave = (state: Thing) => ({ state, events: [] });
  expect(await updateAggregate(things, { _id: "one" }, leave, traceparent)).toMatchObject({ version: 1 });
  expect(await updateAggregate(things, { _id: "two" }, leave, traceparent)).toBeNull();
  expect(await outbox.countDocuments()).toBe(1);
});

test("a change without an event counts as a version, not as a sequence", async () => {
  const { things, outbox } = await testDatabase();
  await insertAggregates(things, [creation("one")]);
  const change = (state: Thing) => ({ state: { ...state, done: [1] }, events: [] });
  expect(await updateAggregate(things, { _id: "one" }, change, traceparent)).toMatchObject({
    version: 2,
    sequence: 1,
  });
  expect(await outbox.countDocuments()).toBe(1);
});

test("one duplicate among new aggregates and nothing at all is written", async () => {
  const { things, outbox } = await testDatabase();
  await insertAggregates(things, [creation("one")]);
  const attempt = insertAggregates(things, [creation("two"), creation("one"), creation("three")]);
  expect(isDuplicateKey(await attempt.catch((error: unknown) => error))).toBe(true);
  expect(await things.collection.distinct("_id")).toEqual(["one"]);
  expect(await outbox.countDocuments()).toBe(1);
});

test("giving up right before the commit writes nothing", async () => {
  const { things, outbox } = await testDatabase();
  const giveUp = () => {
    throw new Error("too late");
  };
  await expect(insertAggregates(things, [creation("one"), creation("two")], giveUp)).rejects.toThrow(
    "too late",
  );
  expect(await things.collection.countDocuments()).toBe(0);
  expect(await outbox.countDocuments()).toBe(0);
});

test("of ten inserts of the same aggregate at once one is there, with its events", async () => {
  const { things, outbox } = await testDatabase();
  const attempts = Array.from({ length: 10 }, () => insertAggregates(things, [creation("one")]));
  const settled = await Promise.allSettled(attempts);
  expect(settled.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  expect(await outbox.find().project({ sequence: 1, _id: 0 }).toArray()).toEqual([{ sequence: 1 }]);
});
