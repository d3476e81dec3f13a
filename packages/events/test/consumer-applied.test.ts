import { setTimeout as delay } from "node:timers/promises";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { createLog } from "@waybill/process/log.ts";
import type { Collection } from "mongodb";
import { expect, test, vi } from "vitest";
import {
  appliedCollection,
  appliedStore,
  applyOnce,
  savePositions,
  type AppliedStore,
  type FreshEvent,
} from "../src/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { PositionMoved } from "@waybill/consumer/positions.ts";
import { topics } from "../src/topics.ts";
import { messagesOf, startTestConsumer, testTopic } from "./consumer-harness.ts";
import { seeded, silent, testDatabase, until } from "./harness.ts";

interface Effect {
  key: string;
  sequence: number;
  previous: number;
}

interface Shelf {
  store: AppliedStore;
  effects: Collection<Effect>;
  /** Applies these events, each with one effect. */
  apply: (events: ConsumedEvent[]) => Promise<FreshEvent[]>;
}

async function openShelf(log = silent): Promise<Shelf> {
  const { client, db } = await testDatabase();
  await ensureCollections(db, [appliedCollection(), { name: "effects", indexes: [] }]);
  const store = appliedStore(client, db, topics.orders, log);
  const effects = db.collection<Effect>("effects");
  const apply = (events: ConsumedEvent[]) =>
    applyOnce(store, events, async (fresh, session) => {
      await effects.insertMany(fresh.map(toEffect), { session });
    });
  return { store, effects, apply };
}

const toEffect = ({ aggregateId, sequence, previousOfType }: FreshEvent): Effect => ({
  key: aggregateId,
  sequence,
  previous: previousOfType,
});

const event = (aggregateId: string, sequence: number, messageType: string | null = null): ConsumedEvent => ({
  id: `${aggregateId}-${sequence}`,
  type: "waybill.thing.changed.v1",
  tenantId: "t1",
  aggregateId,
  sequence,
  time: "2024-05-01T00:00:00.000Z",
  messageType,
  traceparent: "",
  data: "{}",
});

/** The effects in the order they were made: `key sequence after previous`. */
async function effectsOf({ effects }: Shelf): Promise<string[]> {
  const found = await effects.find().sort({ _id: 1 }).toArray();
  return found.map(({ key, sequence }) => `${key} ${sequence}`);
}

test("repeats and older events are dropped, in one batch and over several", async () => {
  const shelf = await openShelf();
  await shelf.apply([event("o1", 1), event("o1", 2), event("o1", 2), event("o2", 1), event("o1", 1)]);
  await shelf.apply([event("o1", 1), event("o1", 2), event("o1", 3), event("o2", 1)]);
  await shelf.apply([event("o1", 2), event("o2", 1)]);
  expect(await effectsOf(shelf)).toEqual(["o1 1", "o1 2", "o2 1", "o1 3"]);
});

test("whoever applies is told which events were new", async () => {
  const shelf = await openShelf();
  const told = async (...events: ConsumedEvent[]) => (await shelf.apply(events)).map(({ id }) => id);
  expect(await told(event("o1", 1), event("o1", 2))).toEqual(["o1-1", "o1-2"]);
  expect(await told(event("o1", 2), event("o1", 3))).toEqual(["o1-3"]);
  expect(await told(event("o1", 3))).toEqual([]);
});

test("each event knows its aggregate's previous event of the same message type", async () => {
  const shelf = await openShelf();
  await shelf.apply([event("o1", 1, "orderEvent"), event("o1", 2), event("o1", 3, "orderCancelResolution")]);
  await shelf.apply([
    event("o1", 4, "orderEvent"),
    event("o1", 5, "orderEvent"),
    event("o2", 1, "orderEvent"),
  ]);
  const found = await shelf.effects.find().sort({ _id: 1 }).toArray();
  expect(found.map(({ key, sequence, previous }) => [key, sequence, previous])).toEqual([
    ["o1", 1, 0],
    ["o1", 2, 0],
    ["o1", 3, 0],
    ["o1", 4, 1],
    ["o1", 5, 4],
    ["o2", 1, 0],
  ]);
});

test("events that are missing are said in the log, and the ones after them still come", async () => {
  const log = createLog("test", "silent");
  const warn = vi.spyOn(log, "warn");
  const shelf = await openShelf(log);
  await shelf.apply([event("o1", 1), event("o1", 4)]);
  expect(await effectsOf(shelf)).toEqual(["o1 1", "o1 4"]);
  expect(warn.mock.calls).toEqual([
    [{ topic: topics.orders, tenantId: "t1", aggregateId: "o1", applied: 1, sequence: 4 }, "consumer.gap"],
  ]);
});

test("the same id of two tenants are two aggregates", async () => {
  const shelf = await openShelf();
  await shelf.apply([event("1000", 1), { ...event("1000", 1), tenantId: "t2" }]);
  expect(await effectsOf(shelf)).toEqual(["1000 1", "1000 1"]);
});

test("when the work fails nothing is applied, and the same events come fresh again", async () => {
  const shelf = await openShelf();
  const failing = applyOnce(shelf.store, [event("o1", 1)], async (fresh, session) => {
    await shelf.effects.insertMany(fresh.map(toEffect), { session });
    throw new Error("no");
  });
  await expect(failing).rejects.toThrow("no");
  expect(await shelf.store.applied.countDocuments()).toBe(0);
  await shelf.apply([event("o1", 1)]);
  expect(await effectsOf(shelf)).toEqual(["o1 1"]);
});

test("a position that another member moved or made meanwhile is not overwritten", async () => {
  const { store } = await openShelf();
  const position = (sequence: number) => ({ _id: "a", tenant_id: "t1", sequence, by_type: {} });
  const save = (before: number, after: number) =>
    store.client.withSession((session) =>
      savePositions(
        store,
        new Map(before === 0 ? [] : [["a", position(before)]]),
        new Map([["a", position(after)]]),
        session,
      ),
    );
  await save(0, 2);
  await expect(save(0, 1)).rejects.toThrow(PositionMoved);
  await expect(save(1, 3)).rejects.toThrow(PositionMoved);
  await save(2, 3);
  expect(await store.applied.findOne()).toEqual(position(3));
});

test.each([1, 2, 3, 4])(
  "members that get the same events at the same time apply each once and in order (seed %i)",
  async (seed) => {
    const shelf = await openShelf();
    const random = seeded(seed);
    const keys = ["o1", "o2", "o3"];
    const member = async (from: number) => {
      for (let at = from; at < 30;) {
        const size = 1 + Math.floor(random() * 6);
        const batch = keys.flatMap((key) =>
          Array.from({ length: Math.min(size, 30 - at) }, (_, index) => event(key, at + index + 1)),
        );
        // As the consumer does: it repeats a batch until it is applied.
        await shelf.apply(batch).then(
          () => (at = Math.max(0, at + size - Math.floor(random() * 3))),
          (error: unknown) => expect(error instanceof PositionMoved || mongoFailure(error)).toBeTruthy(),
        );
        await delay(random() * 5);
      }
    };
    await Promise.all([member(0), member(0), member(0)]);
    const found = await shelf.effects.find().sort({ _id: 1 }).toArray();
    const oneTo30 = Array.from({ length: 30 }, (_, index) => index + 1);
    for (const key of keys) {
      expect(found.filter((effect) => effect.key === key).map(({ sequence }) => sequence)).toEqual(oneTo30);
    }
  },
);

test("events that come again from Kafka, shuffled among others, have their effect once and in order", async () => {
  const [topic, shelf] = [await testTopic(), await openShelf()];
  const random = seeded(7);
  const keys = ["o1", "o2", "o3", "o4"];
  for (let sequence = 1; sequence <= 40; sequence += 5) {
    const fresh = keys.flatMap((key) => messagesOf(key, sequence, sequence + 4));
    const old = keys.flatMap((key) => messagesOf(key, 1, Math.ceil(random() * sequence)));
    await topic.send([...old, ...fresh, ...old.toReversed()]);
  }
  startTestConsumer(
    topic,
    async (events) => {
      await shelf.apply(events);
      if (random() < 0.3) throw new Error("after the work, before the commit");
    },
    { unavailable: (error) => (error as Error).message.startsWith("after") || mongoFailure(error) },
  );
  await until(async () => (await shelf.effects.countDocuments()) === 160);
  const found = await shelf.effects.find().sort({ _id: 1 }).toArray();
  const oneTo40 = Array.from({ length: 40 }, (_, index) => index + 1);
  for (const key of keys) {
    expect(found.filter((effect) => effect.key === key).map(({ sequence }) => sequence)).toEqual(oneTo40);
  }
});
