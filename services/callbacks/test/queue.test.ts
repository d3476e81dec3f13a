import { randomUUID } from "node:crypto";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { Db, MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { CallbackDocument } from "../src/callback.ts";
import type { CallbacksContext } from "../src/context.ts";
import {
  afterAttempt,
  createDelivery,
  deliveriesCollection,
  type Answer,
  type DeliveryDocument,
  type Verdict,
} from "../src/delivery.ts";
import { lanesCollection } from "../src/lane.ts";
import {
  claimLanes,
  enqueue,
  findDueEndpoints,
  findNextDelivery,
  hastenLanes,
  mendLane,
  releaseLane,
  storeAttempt,
} from "../src/queue.ts";
import { until } from "./harness.ts";

const LEASE_MS = 60_000;
let client: MongoClient;
let db: Db;
let queue: Pick<CallbacksContext, "client" | "deliveries" | "lanes">;
beforeAll(async () => {
  client = await connectMongo(inject("mongodbUrl"), new AbortController().signal, () => undefined);
  db = client.db(`queue_${randomUUID().slice(0, 8)}`);
  await ensureCollections(db, [deliveriesCollection, lanesCollection]);
  queue = { client, deliveries: db.collection("deliveries"), lanes: db.collection("lanes") };
});
afterAll(async () => {
  await db.dropDatabase();
  await client.close();
});

function aDelivery(callbackId: string, order: string, sequence: number): DeliveryDocument {
  const callback = { _id: callbackId, message_type: "orderEvent", status: "active" } as CallbackDocument;
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
  return createDelivery(event, callback, new Date().toISOString());
}

const add = (...deliveries: DeliveryDocument[]) =>
  inTransaction(client, (session) => enqueue(queue, deliveries, session));
const claim = (callbackId: string, limit = 10) => claimLanes(queue, callbackId, limit, LEASE_MS);

const ok: Answer = { outcome: "ok", statusCode: 200, retryAfterMs: null, durationMs: 1, responseStart: "" };
function outcome(delivery: DeliveryDocument, verdict: Verdict = { status: "delivered" }) {
  return afterAttempt(delivery, ok, verdict, Date.now(), Date.now());
}

describe("lanes", () => {
  it("are claimed by one only, however many try", async () => {
    const id = randomUUID();
    await add(...Array.from({ length: 40 }, (_, index) => aDelivery(id, `o${index}`, 1)));
    const claims = await Promise.all(Array.from({ length: 12 }, () => claim(id, 8)));
    const names = claims.flat().map(({ _id }) => _id);
    expect(new Set(names).size).toBe(names.length);
    const rest = await claim(id, 100);
    expect(names.length + rest.length).toBe(40);
  });

  it("are there while they have deliveries, and go with the last", async () => {
    const id = randomUUID();
    await add(aDelivery(id, "o", 1), aDelivery(id, "o", 2));
    const [lane] = await claim(id);
    const first = await findNextDelivery(queue, lane!);
    expect(await storeAttempt(queue, lane!, first!._id, outcome(first!), LEASE_MS)).toBe("held");
    const second = await findNextDelivery(queue, lane!);
    expect([first!.sequence, second!.sequence]).toEqual([1, 2]);
    expect(await storeAttempt(queue, lane!, second!._id, outcome(second!), LEASE_MS)).toBe("empty");
    expect(await queue.lanes.findOne({ callback_id: id })).toBeNull();
  });

  it("lose nothing that is added while their last delivery ends", async () => {
    for (let round = 0; round < 25; round += 1) {
      const id = randomUUID();
      await add(aDelivery(id, "o", 1));
      const [lane] = await claim(id);
      const [state] = await Promise.all([
        storeAttempt(queue, lane!, `${id}/o-1`, outcome(aDelivery(id, "o", 1)), LEASE_MS),
        add(aDelivery(id, "o", 2)),
      ]);
      if (state === "held") await releaseLane(queue, lane!);
      const [next] = await claim(id);
      expect(next!.enqueued).toBe(1);
      expect(await findNextDelivery(queue, next!)).toMatchObject({ sequence: 2 });
    }
  });

  it("wait for their retry whatever is added meanwhile", async () => {
    const id = randomUUID();
    await add(aDelivery(id, "o", 1));
    const [lane] = await claim(id);
    const retry = outcome(aDelivery(id, "o", 1), { status: "pending", waitMs: 600, charged: true });
    await storeAttempt(queue, lane!, `${id}/o-1`, retry, 600);
    await add(aDelivery(id, "o", 2));
    expect(await claim(id)).toEqual([]);
    const [due] = await findDueEndpoints(queue).then((found) =>
      found.filter(({ callbackId }) => callbackId === id),
    );
    expect(due!.waitMs).toBeGreaterThan(0);
    const [again] = await until(async () => {
      const lanes = await claim(id);
      return lanes.length > 0 && lanes;
    });
    expect(await findNextDelivery(queue, again!)).toMatchObject({ sequence: 1, attempts_count: 1 });
  });

  it("change nothing for an owner whose lease ran out", async () => {
    const id = randomUUID();
    await add(aDelivery(id, "o", 1));
    const [late] = await claimLanes(queue, id, 1, 1);
    const [owner] = await until(async () => {
      const lanes = await claim(id);
      return lanes.length > 0 && lanes;
    });
    expect(await storeAttempt(queue, late!, `${id}/o-1`, outcome(aDelivery(id, "o", 1)), LEASE_MS)).toBe(
      "lost",
    );
    await releaseLane(queue, late!);
    await mendLane(queue, late!);
    expect(await queue.deliveries.findOne({ _id: `${id}/o-1` })).toMatchObject({
      status: "pending",
      attempts_count: 0,
    });
    expect(await claim(id)).toEqual([]);
    expect(await storeAttempt(queue, owner!, `${id}/o-1`, outcome(aDelivery(id, "o", 1)), LEASE_MS)).toBe(
      "empty",
    );
  });

  it("are all due when their registration is deleted", async () => {
    const id = randomUUID();
    await add(aDelivery(id, "o1", 1), aDelivery(id, "o2", 1));
    expect(await claim(id)).toHaveLength(2);
    await hastenLanes(queue, [id]);
    expect(await claim(id)).toHaveLength(2);
  });

  it("whose count is wrong are put right", async () => {
    const id = randomUUID();
    await add(aDelivery(id, "o", 1));
    await queue.lanes.updateOne({ callback_id: id }, { $set: { enqueued: 7 } });
    const [lane] = await claim(id);
    await mendLane(queue, lane!);
    expect(await queue.lanes.findOne({ callback_id: id })).toMatchObject({ enqueued: 1 });
    await queue.deliveries.deleteMany({ callback_id: id });
    const [empty] = await claim(id);
    await mendLane(queue, empty!);
    expect(await queue.lanes.findOne({ callback_id: id })).toBeNull();
  });
});

describe("finding what is due", () => {
  it("reads one entry of each registration, however many lanes wait", async () => {
    const [hot, cold] = [randomUUID(), randomUUID()];
    const lane = (id: string, index: number, next_at: Date) => ({
      _id: `${id}/${index}`,
      tenant_id: "t1",
      callback_id: id,
      order_id: String(index),
      next_at,
      enqueued: 1,
      lease: null,
    });
    const later = new Date(Date.now() + 3_600_000);
    await queue.lanes.deleteMany({});
    await queue.lanes.insertMany(Array.from({ length: 5_000 }, (_, index) => lane(hot, index, new Date(0))));
    await queue.lanes.insertMany(Array.from({ length: 5_000 }, (_, index) => lane(cold, index, later)));
    await db.command({ profile: 2 });
    const found = await findDueEndpoints(queue);
    const claimed = await claim(hot, 8);
    await db.command({ profile: 0 });
    expect(found.find(({ callbackId }) => callbackId === hot)!.waitMs).toBeLessThan(0);
    expect(found.find(({ callbackId }) => callbackId === cold)!.waitMs).toBeGreaterThan(3_000_000);
    expect(claimed).toHaveLength(8);
    const operations = await db
      .collection("system.profile")
      .find({ ns: `${db.databaseName}.lanes` })
      .toArray();
    expect(operations.length).toBeGreaterThan(3);
    for (const { keysExamined } of operations) expect(keysExamined).toBeLessThan(40);
  });

  it("reads one entry for a lane's next delivery, however many it has had", async () => {
    const id = randomUUID();
    const past = Array.from({ length: 500 }, (_, index) => ({
      ...aDelivery(id, "o", index + 1),
      status: "delivered" as const,
    }));
    await queue.deliveries.insertMany(past);
    await add(aDelivery(id, "o", 501), aDelivery(id, "o", 502));
    const [lane] = await claim(id);
    await db.command({ profile: 2 });
    expect(await findNextDelivery(queue, lane!)).toMatchObject({ sequence: 501 });
    await db.command({ profile: 0 });
    const [read] = await db
      .collection("system.profile")
      .find({ ns: `${db.databaseName}.deliveries` })
      .toArray();
    expect(read!["keysExamined"]).toBeLessThan(3);
  });
});
