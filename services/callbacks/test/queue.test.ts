import { randomUUID } from "node:crypto";
import { outboxCollection } from "@waybill/events/outbox.ts";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { ClientSession, Db, MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { attemptsCollection, type Answer } from "../src/attempt.ts";
import type { CallbackDocument } from "../src/callback.ts";
import type { CallbacksContext } from "../src/context.ts";
import {
  afterAttempt,
  createDelivery,
  deliveriesCollection,
  toAttempt,
  type DeliveryDocument,
} from "../src/delivery.ts";
import { mongoQueue } from "../src/engine/queue/mongo-queue.ts";
import { laneKeyOf, type DeliveryQueue, type EndedAttempt } from "../src/engine/queue/queue.ts";
import { HEADS_MAX, lanesCollection, type LaneDocument } from "../src/lane.ts";
import type { Verdict } from "../src/verdict.ts";
import { until } from "./harness.ts";
import { memoryQueue } from "./memory-queue.ts";

const LEASE_MS = 60_000;

/** A queue, and what can be seen and done beside it. */
interface Bench {
  queue: DeliveryQueue;
  /** Stores deliveries without waking anybody. */
  store: (...deliveries: DeliveryDocument[]) => Promise<void>;
  delivery: (id: string) => Promise<DeliveryDocument | null>;
  lane: (id: string) => Promise<LaneDocument | null>;
  attempts: (deliveryId: string) => Promise<number[]>;
  /** Of the attempts of a delivery, in their order. */
  outcomes: (deliveryId: string) => Promise<string[]>;
  transact: <Result>(work: (session: ClientSession) => Promise<Result>) => Promise<Result>;
}

let client: MongoClient;
let db: Db;
let stored: Pick<CallbacksContext, "client" | "deliveries" | "lanes" | "attempts" | "outbox">;
beforeAll(async () => {
  client = await connectMongo(inject("mongodbUrl"), new AbortController().signal, () => undefined);
  db = client.db(`queue_${randomUUID().slice(0, 8)}`);
  await ensureCollections(db, [deliveriesCollection, attemptsCollection, lanesCollection, outboxCollection]);
  stored = {
    client,
    outbox: db.collection("outbox"),
    deliveries: db.collection("deliveries"),
    attempts: db.collection("attempts"),
    lanes: db.collection("lanes"),
  };
});
afterAll(async () => {
  await db.dropDatabase();
  await client.close();
});

const attemptsOf = (id: string) => stored.attempts.find({ delivery_id: id }).sort({ number: 1 }).toArray();

function mongoBench(leaseMs: number): Bench {
  return {
    queue: mongoQueue(stored, leaseMs),
    store: async (...deliveries) => void (await stored.deliveries.insertMany(deliveries)),
    delivery: (id) => stored.deliveries.findOne({ _id: id }),
    lane: (id) => stored.lanes.findOne({ _id: id }),
    attempts: async (id) => (await attemptsOf(id)).map(({ number }) => number),
    outcomes: async (id) => (await attemptsOf(id)).map(({ outcome }) => outcome),
    transact: (work) => inTransaction(client, work),
  };
}

function memoryBench(leaseMs: number): Bench {
  const queue = memoryQueue(() => Date.now(), leaseMs);
  const attemptsOfMemory = (id: string) =>
    [...queue.attempts.values()].filter(({ delivery_id }) => delivery_id === id);
  return {
    queue,
    store: async (...deliveries) => deliveries.forEach((one) => queue.deliveries.set(one._id, one)),
    delivery: async (id) => queue.deliveries.get(id) ?? null,
    lane: async (id) => queue.lanes.get(id) ?? null,
    attempts: async (id) => attemptsOfMemory(id).map(({ number }) => number),
    outcomes: async (id) => attemptsOfMemory(id).map(({ outcome }) => outcome),
    transact: (work) => work(null as unknown as ClientSession),
  };
}

function aDelivery(callbackId: string, order: string, sequence: number): DeliveryDocument {
  const callback = { _id: callbackId, message_type: "orderEvent", url: "https://a.example/" };
  const event = {
    id: `${order}-${sequence}`,
    type: "x",
    tenantId: "t1",
    aggregateId: order,
    sequence,
    previousOfType: 0,
    time: "",
    messageType: "orderEvent",
    traceparent: "",
    data: "{}",
  };
  return createDelivery(event, callback as CallbackDocument, new Date().toISOString());
}

async function add({ store, queue }: Bench, ...deliveries: DeliveryDocument[]): Promise<void> {
  await store(...deliveries);
  await queue.wakeLanes(deliveries.map(laneKeyOf));
}

const answer: Answer = {
  outcome: "ok",
  statusCode: 200,
  retryAfterMs: null,
  durationMs: 1,
  phases: { dns_ms: null, connect_ms: null, tls_ms: null, first_byte_ms: 1 },
  responseStart: "",
};

function ended(delivery: DeliveryDocument, verdict: Verdict = { status: "delivered" }): EndedAttempt {
  const change = afterAttempt(delivery, verdict, Date.now());
  const told = verdict.status === "pending" ? null : verdict.status;
  return { delivery, change, attempt: toAttempt(delivery, answer, change, Date.now()), told };
}

const retryIn = (waitMs: number): Verdict => ({ status: "pending", waitMs, charged: true });

describe.each([
  ["MongoDB", mongoBench],
  ["memory", memoryBench],
])("lanes in %s", (_, benchOf) => {
  it("are claimed by one only, however many try, with their next deliveries in order", async () => {
    const { queue, ...bench } = benchOf(LEASE_MS);
    const id = randomUUID();
    const deliveries = Array.from({ length: 40 }, (_unused, index) => [
      aDelivery(id, `o${index}`, 2),
      aDelivery(id, `o${index}`, 1),
    ]);
    await add({ queue, ...bench }, ...deliveries.flat());
    const claims = await Promise.all(Array.from({ length: 12 }, () => queue.claim(id, 8, "fresh")));
    const lanes = [...claims.flat(), ...(await queue.claim(id, 100, "fresh"))];
    expect(new Set(lanes.map((lane) => lane._id)).size).toBe(lanes.length);
    expect(lanes).toHaveLength(40);
    for (const { heads } of lanes) expect(heads.map(({ sequence }) => sequence)).toEqual([1, 2]);
  });

  it("that are claimed beside one with many bring their own too", async () => {
    const bench = benchOf(LEASE_MS);
    const callback = randomUUID();
    const many = Array.from({ length: 20 }, (_unused, index) => aDelivery(callback, "a", index + 1));
    await add(bench, ...many, aDelivery(callback, "b", 1));
    const lanes = await bench.queue.claim(callback, 8, "fresh");
    const sequences = lanes.map(({ heads }) => heads.map(({ sequence }) => sequence));
    expect(sequences.toSorted((a, b) => b.length - a.length)).toEqual([[1, 2, 3, 4], [1]]);
  });

  it("bring no more deliveries than they may", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    await add(bench, ...Array.from({ length: 9 }, (_unused, index) => aDelivery(id, "o", index + 1)));
    const [lane] = await bench.queue.claim(id, 1, "fresh");
    expect(lane!.heads).toHaveLength(HEADS_MAX);
  });

  it("are made and claimed with their deliveries in one transaction, but those that are there are left alone", async () => {
    const bench = benchOf(LEASE_MS);
    const { queue, store, transact, lane } = bench;
    const id = randomUUID();
    await add(bench, aDelivery(id, "old", 1));
    const before = await lane(`${id}/old`);
    const asked = [aDelivery(id, "old", 2), aDelivery(id, "new", 1), aDelivery(id, "later", 1)];
    const added = await transact((session) =>
      queue.addLanes(
        asked.map((delivery) => ({
          ...laneKeyOf(delivery),
          deliveries: [delivery],
          isClaimed: delivery.order_id !== "later",
        })),
        Promise.resolve(),
        session,
      ),
    );
    expect(added.claimed.map(({ order_id, heads }) => [order_id, heads.length])).toEqual([["new", 1]]);
    expect(added.older.map(({ order_id }) => order_id)).toEqual(["old"]);
    expect(await lane(`${id}/old`)).toEqual(before);
    expect((await lane(`${id}/new`))!.lease).toBe(added.claimed[0]!.lease);
    const due = await queue.claim(id, 5, "fresh");
    expect(due.map(({ order_id }) => order_id).toSorted()).toEqual(["later", "old"]);
    const [claimed] = added.claimed;
    await store(...claimed!.heads);
    const settled = { lane: claimed!, ended: ended(claimed!.heads[0]!), step: "finish" as const };
    expect(await queue.settle([settled])).toEqual(["gone"]);
  });

  it("whose holder died tell of its attempt as unknown, until it tells how that ended", async () => {
    const bench = benchOf(40);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1));
    const [dead] = await bench.queue.claim(id, 1, "fresh");
    const [next] = await until(async () => {
      const lanes = await bench.queue.claim(id, 1, "fresh");
      return lanes.length > 0 && lanes;
    });
    expect(next!.heads[0]).toMatchObject({ attempts_count: 1, attempts_charged: 0, status: "pending" });
    expect(await bench.outcomes(`${id}/o-1`)).toEqual(["unknown"]);
    const failed = ended(next!.heads[0]!, retryIn(60_000));
    await bench.queue.settle([{ lane: next!, ended: failed, step: { retryInMs: 60_000 } }]);
    await bench.queue.settle([{ lane: dead!, ended: ended(dead!.heads[0]!), step: "finish" }]);
    expect(await bench.outcomes(`${id}/o-1`)).toEqual(["ok", "ok"]);
    expect(await bench.delivery(`${id}/o-1`)).toMatchObject({ status: "delivered" });
  });

  it("are there while they have deliveries, and go with the last", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1), aDelivery(id, "o", 2));
    const [lane] = await bench.queue.claim(id, 1, "fresh");
    const [first, second] = lane!.heads;
    expect(await bench.queue.settle([{ lane: lane!, ended: ended(first!), step: "extend" }])).toEqual([
      "held",
    ]);
    expect(await bench.queue.settle([{ lane: lane!, ended: ended(second!), step: "finish" }])).toEqual([
      "gone",
    ]);
    expect(await bench.lane(lane!._id)).toBeNull();
    expect(await bench.delivery(first!._id)).toMatchObject({ status: "delivered", attempts_count: 1 });
    expect(await bench.attempts(second!._id)).toEqual([1]);
    expect((await bench.queue.findDue()).filter(({ callbackId }) => callbackId === id)).toEqual([]);
  });

  it("are due at once if something was added while their last delivery was in work", async () => {
    const bench = benchOf(LEASE_MS);
    for (let round = 0; round < 20; round += 1) {
      const id = randomUUID();
      await add(bench, aDelivery(id, "o", 1));
      const [lane] = await bench.queue.claim(id, 1, "fresh");
      await Promise.all([
        bench.queue.settle([{ lane: lane!, ended: ended(lane!.heads[0]!), step: "finish" }]),
        add(bench, aDelivery(id, "o", 2)),
      ]);
      const [next] = await bench.queue.claim(id, 1, "fresh");
      expect(next!.heads.map(({ sequence }) => sequence)).toEqual([2]);
    }
  });

  it("that are woken without need go again", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    await bench.queue.wakeLanes([laneKeyOf(aDelivery(id, "o", 1)), laneKeyOf(aDelivery(id, "p", 1))]);
    const lanes = await bench.queue.claim(id, 5, "fresh");
    expect(lanes.map(({ heads }) => heads)).toEqual([[], []]);
    const finish = lanes.map((lane) => ({ lane, ended: null, step: "finish" as const }));
    expect(await bench.queue.settle(finish)).toEqual(["gone", "gone"]);
  });

  it("that are named several times are woken once", async () => {
    const bench = benchOf(LEASE_MS);
    const delivery = aDelivery(randomUUID(), "o", 1);
    await bench.queue.wakeLanes([laneKeyOf(delivery), laneKeyOf(delivery)]);
    expect(await bench.lane(delivery.lane_id)).toMatchObject({ wakes: 1 });
  });

  it("wait for their retry whatever is added meanwhile", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1));
    const [lane] = await bench.queue.claim(id, 1, "fresh");
    const failed = ended(lane!.heads[0]!, retryIn(400));
    const step = { retryInMs: 400 };
    expect(await bench.queue.settle([{ lane: lane!, ended: failed, step }])).toEqual(["waiting"]);
    await add(bench, aDelivery(id, "o", 2));
    expect(await bench.queue.claim(id, 1, "fresh")).toEqual([]);
    const due = (await bench.queue.findDue()).find(({ callbackId }) => callbackId === id);
    expect(due!.waitMs).toBeGreaterThan(0);
    const again = await until(async () => (await bench.queue.claim(id, 1, "fresh"))[0]);
    expect(again.heads).toMatchObject([{ sequence: 1, attempts_count: 1 }, { sequence: 2 }]);
  });

  it("with new deliveries are claimed before those that failed, or after them if asked so", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    const orders = async (limit: number, first: "fresh" | "late") => {
      const lanes = await bench.queue.claim(id, limit, first);
      await bench.queue.settle(lanes.map((lane) => ({ lane, ended: null, step: "release" as const })));
      return lanes.map(({ order_id }) => order_id);
    };
    await add(bench, aDelivery(id, "failed", 1));
    const [lane] = await bench.queue.claim(id, 1, "fresh");
    await bench.queue.settle([
      { lane: lane!, ended: ended(lane!.heads[0]!, retryIn(0)), step: { retryInMs: 0 } },
    ]);
    await add(bench, aDelivery(id, "new", 1));
    expect(await orders(1, "fresh")).toEqual(["new"]);
    expect(await orders(1, "late")).toEqual(["failed"]);
    expect(await orders(2, "fresh")).toEqual(["new", "failed"]);
  });

  it("that are fresh are claimed beyond the limit if so wanted, those that failed are not", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    await add(bench, aDelivery(id, "late-1", 1), aDelivery(id, "late-2", 1), aDelivery(id, "late-3", 1));
    for (const lane of await bench.queue.claim(id, 3, "fresh"))
      await bench.queue.settle([{ lane, ended: ended(lane.heads[0]!, retryIn(0)), step: { retryInMs: 0 } }]);
    await add(bench, aDelivery(id, "new-1", 1), aDelivery(id, "new-2", 1), aDelivery(id, "new-3", 1));
    const orders = (claimed: { order_id: string }[]) => claimed.map(({ order_id }) => order_id.slice(0, 4));
    const late = await bench.queue.claim(id, 2, "late", 2);
    expect(orders(late)).toEqual(["late", "late", "new-", "new-"]);
    expect(orders(await bench.queue.claim(id, 1, "fresh", 5))).toEqual(["new-"]);
  });

  it("of which nothing was sent are given back to where they were, others behind the rest", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    for (const order of ["a", "b", "c"]) await add(bench, aDelivery(id, order, 1));
    const claim = async () => (await bench.queue.claim(id, 1, "fresh"))[0]!;
    const first = await claim();
    expect(await bench.queue.settle([{ lane: first, ended: null, step: "return" }])).toEqual(["due"]);
    const again = await claim();
    expect([first.order_id, again.order_id]).toEqual(["a", "a"]);
    const atMs = Date.now();
    await until(async () => Date.now() > atMs);
    await bench.queue.settle([{ lane: again, ended: null, step: "release" }]);
    expect([(await claim()).order_id, (await claim()).order_id, (await claim()).order_id]).toEqual([
      "b",
      "c",
      "a",
    ]);
  });

  it("change nothing for an owner whose lease ran out, but what was delivered counts", async () => {
    const bench = benchOf(40);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1));
    const [late] = await bench.queue.claim(id, 1, "fresh");
    const owner = await until(async () => (await bench.queue.claim(id, 1, "fresh"))[0]);
    const settle = (step: "finish" | "extend" | "release" | { retryInMs: number }) =>
      bench.queue.settle([{ lane: late!, ended: null, step }]);
    expect(await settle("extend")).toEqual(["lost"]);
    await settle("release");
    await settle({ retryInMs: 1 });
    await settle("finish");
    expect(await bench.lane(owner._id)).toMatchObject({ lease: owner.lease });
    const failed = ended(owner.heads[0]!, retryIn(1));
    await bench.queue.settle([{ lane: owner, ended: failed, step: { retryInMs: 1 } }]);
    await bench.queue.settle([
      { lane: late!, ended: ended(late!.heads[0]!, { status: "failed" }), step: "finish" },
    ]);
    expect(await bench.delivery(`${id}/o-1`)).toMatchObject({ status: "pending", attempts_count: 2 });
    await bench.queue.settle([{ lane: late!, ended: ended(late!.heads[0]!), step: "finish" }]);
    expect(await bench.delivery(`${id}/o-1`)).toMatchObject({ status: "delivered" });
    expect(await bench.attempts(`${id}/o-1`)).toEqual([1, 2]);
  });

  it("take the same settlement twice", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1));
    const [lane] = await bench.queue.claim(id, 1, "fresh");
    const settlement = {
      lane: lane!,
      ended: ended(lane!.heads[0]!, retryIn(9_000)),
      step: { retryInMs: 9_000 },
    };
    await bench.queue.settle([settlement]);
    await bench.queue.settle([settlement]);
    expect(await bench.delivery(`${id}/o-1`)).toMatchObject({ attempts_count: 1, attempts_charged: 1 });
    expect(await bench.attempts(`${id}/o-1`)).toEqual([1]);
  });

  it("that are closed end with all they hold", async () => {
    const bench = benchOf(LEASE_MS);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1), aDelivery(id, "o", 2));
    await bench.queue.close(await bench.queue.claim(id, 5, "fresh"), "because");
    for (const sequence of [1, 2])
      expect(await bench.delivery(`${id}/o-${sequence}`)).toMatchObject({
        status: "failed",
        reason: "because",
      });
    expect(await bench.lane(`${id}/o`)).toBeNull();
  });
});

/** Lanes that tell when they have been looked for. */
function watchedLanes(looked: () => void): CallbacksContext["lanes"] {
  const find = (...asked: Parameters<typeof stored.lanes.find>) => {
    const cursor = stored.lanes.find(...asked);
    const toArray = cursor.toArray.bind(cursor);
    cursor.toArray = () => toArray().finally(looked);
    return cursor;
  };
  return new Proxy(stored.lanes, {
    get(lanes, name) {
      const value: unknown = name === "find" ? find : Reflect.get(lanes, name);
      return typeof value === "function" ? (value.bind(lanes) as unknown) : value;
    },
  });
}

describe("a lane that comes after it was looked for", () => {
  it("is left alone as one that was there: the transaction runs again", async () => {
    const { promise: looked, resolve: look } = Promise.withResolvers<void>();
    const queue = mongoQueue({ ...stored, lanes: watchedLanes(() => look()) }, LEASE_MS);
    const delivery = aDelivery(randomUUID(), "o", 2);
    const lane = laneKeyOf(delivery);
    const came = looked.then(() => queue.wakeLanes([lane]));
    let runs = 0;
    const added = await inTransaction(client, (session) => {
      runs += 1;
      return queue.addLanes([{ ...lane, deliveries: [delivery], isClaimed: true }], came, session);
    });
    expect(runs).toBe(2);
    expect(added).toEqual({ claimed: [], older: [expect.objectContaining({ _id: lane._id })] });
    expect(await stored.lanes.findOne({ _id: lane._id })).toMatchObject({ wakes: 1, lease: null });
  });
});

describe("events of deliveries", () => {
  const toldOf = async (callbackId: string) => {
    const rows = await stored.outbox.find({ aggregate_id: new RegExp(`^${callbackId}`) }).toArray();
    return rows.map(({ type, sequence }) => [type, sequence]);
  };

  it("are told once, whoever settles how often, two of them at the same time or in one group", async () => {
    const queue = mongoQueue(stored, LEASE_MS);
    const bench = mongoBench(LEASE_MS);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1));
    const [lane] = await queue.claim(id, 1, "fresh");
    const one = { lane: lane!, ended: ended(lane!.heads[0]!), step: "finish" as const };
    const late = { ...one, ended: ended(lane!.heads[0]!, { status: "failed" }) };
    await Promise.all([queue.settle([one, one]), queue.settle([one]), queue.settle([late, one])]);
    await queue.settle([late]);
    const rows = await toldOf(id);
    expect(rows.at(-1)).toEqual(["waybill.delivery.delivered.v1", rows.length]);
    expect(rows.length).toBeLessThanOrEqual(2);
    expect(await bench.delivery(`${id}/o-1`)).toMatchObject({
      status: "delivered",
      told_count: rows.length,
    });
  });

  it("of one that is tried again there are none", async () => {
    const bench = mongoBench(LEASE_MS);
    const id = randomUUID();
    await add(bench, aDelivery(id, "o", 1));
    const [lane] = await bench.queue.claim(id, 1, "fresh");
    const step = { retryInMs: 1_000 };
    await bench.queue.settle([{ lane: lane!, ended: ended(lane!.heads[0]!, retryIn(1_000)), step }]);
    expect(await toldOf(id)).toEqual([]);
  });
});

describe("finding what is due", () => {
  it("reads one entry of each registration's queue, and one per delivery that is sent next", async () => {
    const [hot, cold] = [randomUUID(), randomUUID()];
    const lane = (id: string, index: number, next_at: Date) => ({
      _id: `${id}/${index}`,
      tenant_id: "t1",
      callback_id: id,
      order_id: String(index),
      queue: `${id}/fresh`,
      next_at,
      wakes: 1,
      lease: null,
    });
    const later = new Date(Date.now() + 3_600_000);
    await stored.lanes.deleteMany({});
    await stored.lanes.insertMany(Array.from({ length: 5_000 }, (_, index) => lane(hot, index, new Date(0))));
    await stored.lanes.insertMany(Array.from({ length: 5_000 }, (_, index) => lane(cold, index, later)));
    const past = Array.from({ length: 500 }, (_, index) => ({
      ...aDelivery(hot, "0", index + 1),
      status: "delivered" as const,
    }));
    await stored.deliveries.insertMany([...past, aDelivery(hot, "0", 501)]);
    const queue = mongoQueue(stored, LEASE_MS);
    await db.command({ profile: 2 });
    const found = await queue.findDue();
    const claimed = await queue.claim(hot, 8, "fresh");
    await db.command({ profile: 0 });
    expect(found.find(({ callbackId }) => callbackId === hot)!.waitMs).toBeLessThan(0);
    expect(found.find(({ callbackId }) => callbackId === cold)!.waitMs).toBeGreaterThan(3_000_000);
    expect(claimed).toHaveLength(8);
    expect(claimed.flatMap(({ heads }) => heads.map(({ sequence }) => sequence))).toEqual([501]);
    const operations = await db
      .collection("system.profile")
      .find({ ns: `${db.databaseName}.lanes` })
      .toArray();
    expect(operations.length).toBeGreaterThan(3);
    for (const { keysExamined } of operations) expect(keysExamined).toBeLessThan(40);
  });
});
