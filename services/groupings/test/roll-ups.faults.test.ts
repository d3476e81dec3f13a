import { randomUUID } from "node:crypto";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { outboxCollection, type OutboxRow } from "@waybill/events/outbox.ts";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import type { RebuildGroupingsResponse } from "@waybill/proto/groupings/v1/groupings.ts";
import { Shipment, type ShipmentLineItem } from "@waybill/proto/orders/v1/fulfillment.ts";
import { Return, ReturnItem } from "@waybill/proto/orders/v1/returns.ts";
import { afterAll, beforeAll, describe, expect, inject, it, test, vi } from "vitest";
import { followOrders, rebuildOrder, type FollowingContext } from "../src/follower.ts";
import { groupingsCollection, type GroupingsDocument, type StoredItem } from "../src/grouping.ts";
import { fetchSnapshots } from "../src/line-snapshots.ts";
import { noGroupings } from "../src/store.ts";
import { aGrouping, anItem } from "./records.ts";

let network: TestNetwork;
let profile_id: number;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  const tile = aSku("tile", { unit: "box", base_unit: "tile", base_units_per_unit: 12 });
  await network.skus.createSkus({ skus: [aSku("shirt"), tile] }, as());
  const ada = { first_name: "Ada", last_name: "Lovelace" };
  profile_id = (await network.profiles.createProfile({ profile: ada }, as())).profile!.id!;
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");

/** An order of ten boxes, packed, of which two groupings have three and five. */
async function packed(name: string) {
  const order = anOrder(name, { line_items: [aLine("tile", 10)] });
  const { results } = await network.orders.createOrders({ orders: [order] }, as());
  const id = results[0]!.system_id!;
  const groupings = [3, 5].map((boxes, index) =>
    aGrouping(`g${index}`, profile_id, [anItem(boxes, { sku_customer_id: "tile" })]),
  );
  const answer = await network.groupings.createGroupings({ order: id, groupings }, as());
  await network.fulfillment.acceptOrder({ order: id, request_id: "a" }, as());
  await network.fulfillment.startOrder({ order: id, request_id: "s", lines: [] }, as());
  await network.fulfillment.packOrder({ order: id, request_id: "p", lines: [] }, as());
  return { id, groupings: answer.groupings.map((grouping) => grouping.id!) };
}

let parcels = 0;
const ship = (order: string, ...shipment_line_items: Partial<ShipmentLineItem>[]) =>
  network.fulfillment.shipOrder(
    {
      order,
      request_id: `ship-${(parcels += 1)}`,
      shipment: {
        ...Shipment.decode(new Uint8Array()),
        shipment_line_items: shipment_line_items as ShipmentLineItem[],
      },
    },
    as(),
  );
const tiles = (quantity: number, grouping_id: number | null = null) => ({
  sku_customer_id: "tile",
  quantity,
  grouping_id,
});
const read = async (order: string, consistency: string) =>
  (await network.groupings.listGroupings({ order, consistency }, as())).groupings;
const documents = () => network.groupingsDb.collection<GroupingsDocument>("groupings");

describe("the counters of groupings", () => {
  it("follow shipments and shorts, in order of creation or as the shipment names them", async () => {
    const { id, groupings } = await packed("followed");
    await ship(id, tiles(2, groupings[1]!));
    await ship(id, tiles(4));
    const shorts = [{ sku_customer_id: "tile", quantity: 3, reason: "damage" }];
    await network.fulfillment.shortOrder({ order: id, request_id: "x", shorts }, as());
    expect(await read(id, "strong")).toMatchObject([
      {
        uom_quantity_fulfilled: 3,
        quantity_fulfilled: 36,
        uom_quantity_outstanding: 0,
        quantity_ordered: 36,
      },
      {
        uom_quantity_fulfilled: 3,
        quantity_fulfilled: 36,
        uom_quantity_outstanding: 0,
        quantity_ordered: 60,
      },
    ]);
  });

  it("follow returns, of the grouping that is named or else in order of creation", async () => {
    const { id, groupings } = await packed("returned");
    await ship(id, tiles(8));
    const returned = async (quantity: number, grouping_id: number | null) => {
      const item = { ...ReturnItem.decode(new Uint8Array()), ...tiles(quantity, grouping_id) };
      const asked = { ...Return.decode(new Uint8Array()), order_id: id, items: [item] };
      return (await network.returns.createReturn({ return: asked }, as())).return!.id!;
    };
    const named = await returned(2, groupings[1]!);
    await returned(4, null);
    await network.returns.receiveReturn({ id: named, request_id: "r", items: [] }, as());
    expect(await read(id, "strong")).toMatchObject([
      { uom_quantity_fulfilled: 3, uom_quantity_returning: 3, uom_quantity_returned: 0 },
      {
        uom_quantity_fulfilled: 5,
        uom_quantity_returning: 1,
        quantity_returning: 12,
        uom_quantity_returned: 2,
        quantity_returned: 24,
      },
    ]);
  });

  it("come by themselves, each change with an event of the grouping that it concerns", async () => {
    const { id, groupings } = await packed("events");
    await ship(id, tiles(1, groupings[1]!));
    await vi.waitFor(async () => expect((await read(id, "eventual"))[1]!.uom_quantity_fulfilled).toBe(1), {
      timeout: 15_000,
      interval: 20,
    });
    const rows = await network.groupingsDb.collection("outbox").find({ aggregate_id: id }).toArray();
    const moved = rows.filter(({ type }) => type === "waybill.grouping.moved.v1");
    expect(moved.map(({ data }) => JSON.parse(data))).toMatchObject([
      {
        order_id: id,
        id: groupings[1],
        version: 2,
        quantity_fulfilled: 12,
        items: [{ quantity_fulfilled: 12 }],
      },
    ]);
  });

  it("hold what happened before they were created", async () => {
    const { id } = await packed("late");
    await ship(id, tiles(8));
    await read(id, "strong");
    const late = aGrouping("late", profile_id, [anItem(2, { sku_customer_id: "tile" })]);
    const [grouping] = (await network.groupings.createGroupings({ order: id, groupings: [late] }, as()))
      .groupings;
    expect(grouping).toMatchObject({ uom_quantity_ordered: 2, uom_quantity_fulfilled: 0 });
    await ship(id, tiles(1));
    expect((await read(id, "strong"))[2]).toMatchObject({
      uom_quantity_fulfilled: 1,
      uom_quantity_outstanding: 1,
    });
  });

  it("of a line that was taken away go with it", async () => {
    const order = anOrder("replaced", { line_items: [aLine("tile", 5), aLine("shirt", 4)] });
    const { results } = await network.orders.createOrders({ orders: [order] }, as());
    const id = results[0]!.system_id!;
    const items = [anItem(5, { sku_customer_id: "tile" }), anItem(4, { sku_customer_id: "shirt" })];
    await network.groupings.createGroupings(
      { order: id, groupings: [aGrouping("g", profile_id, items)] },
      as(),
    );
    const replacement = { order_id: id, request_id: "r", line_items: [aLine("tile", 2)] };
    await network.lineItems.replaceLines(replacement, as());
    const [grouping] = await read(id, "strong");
    expect(grouping).toMatchObject({
      uom_quantity_ordered: 2,
      items: [{ sku_customer_id: "tile", quantity: 5, uom_quantity_ordered: 2, quantity_ordered: 24 }],
    });
  });
});

/** Keeps line-items from noting what an order's events moved, until it is called off: it waits for the lock. */
async function holdLedger(order: string): Promise<() => Promise<void>> {
  const session = network.client.startSession();
  session.startTransaction();
  const lines = network.lineItemsDb.collection<{ _id: string }>("order_lines");
  await lines.updateOne({ _id: order }, { $set: { held: true } }, { session });
  return async () => {
    await session.abortTransaction();
    await session.endSession();
  };
}

describe("reading with strong consistency", () => {
  it("waits for what happened before, at most 5 s, and never answers without it", async () => {
    const { id } = await packed("strong");
    const release = await holdLedger(id);
    await ship(id, tiles(2));
    expect((await read(id, "eventual"))[0]).toMatchObject({ uom_quantity_fulfilled: 0 });
    const start = performance.now();
    await expect(read(id, "strong")).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
    const waited = performance.now() - start;
    expect(waited).toBeGreaterThan(4_000);
    expect(waited).toBeLessThan(8_000);
    const [later] = await Promise.all([read(id, "strong"), release()]);
    expect(later[0]).toMatchObject({ uom_quantity_fulfilled: 2 });
  });
});

describe("a rebuild", () => {
  it("changes nothing that followed the events, and mends what did not", async () => {
    const { id } = await packed("rebuilt");
    await ship(id, tiles(5));
    const right = await read(id, "strong");
    const rebuild = (order: string | null) => network.groupings.rebuildGroupings({ order }, as());
    expect(await rebuild(id)).toMatchObject({ orders: 1, changed: 0 });
    const wrong = { "groupings.0.items.0.uom_quantity_fulfilled": 7, "snapshot.movements": [] };
    for (const order of [null, id]) {
      await documents().updateOne({ _id: id }, { $set: wrong }, { writeConcern: { w: "majority" } });
      expect(await rebuild(order)).toMatchObject({ changed: 1 });
      const mended = await read(id, "eventual");
      expect(mended.map(({ items }) => items)).toEqual(right.map(({ items }) => items));
    }
    expect(await rebuild(null)).toMatchObject({ changed: 0 });
  });
});

describe("groupings without the service that keeps them", () => {
  /** They are followed by the test alone, in a database where nobody else does it. */
  async function alone(): Promise<FollowingContext> {
    const db = network.client.db(`alone_${randomUUID().slice(0, 8)}`);
    await ensureCollections(db, [groupingsCollection, outboxCollection]);
    const collection = db.collection<GroupingsDocument>(groupingsCollection.name);
    const outbox = db.collection<OutboxRow>(outboxCollection.name);
    return { groupings: { client: network.client, collection, outbox }, lineItems: network.lineItems };
  }

  /** Orders with one line of the SKU each, or more, and a grouping that does not know its two units of it yet. */
  async function ignorant(context: FollowingContext, count: number, lines: number): Promise<string[]> {
    const orders = Array.from({ length: count }, (_, index) =>
      anOrder(`${randomUUID()}-${index}`, {
        line_items: Array.from({ length: lines }, () => aLine("shirt", 2)),
      }),
    );
    const { results } = await network.orders.createOrders({ orders }, as());
    const ids = results.map(({ system_id }) => system_id!);
    for await (const [_id, { lines: known }] of fetchSnapshots(network, ids, as())) {
      const blank = noGroupings(network.tenant("shop"), { _id, order_nr: null, storefront_id: null });
      const item = { id: 1, order_line_item_id: known[0]!.id!, quantity: 2 } as StoredItem;
      const facts = { id: 1, reference: "g", system_reference: "COG/000000", profile_id: 1, version: 1 };
      const times = { created_at: blank.updated_at, updated_at: blank.updated_at };
      const groupings = [{ ...facts, ...times, items: [item] }];
      await context.groupings.collection.insertOne({ ...blank, groupings });
    }
    return ids;
  }

  const unitsIn = async ({ groupings }: FollowingContext) =>
    (await groupings.collection.find().toArray()).map(
      (document) => document.groupings[0]!.items[0]!.uom_quantity_ordered,
    );

  it("follow orders whose lines do not fit one answer of line-items, all of them", async () => {
    const context = await alone();
    const ids = await ignorant(context, 22, 500);
    const first = await network.lineItems.listLineItems({ order_ids: ids }, as());
    expect(first.unanswered).toHaveLength(2);
    await followOrders(context, ids, as());
    expect(await unitsIn(context)).toEqual(ids.map(() => 2));
  });

  it("are rebuilt on what is newest, though they follow something newer while that is asked for", async () => {
    const context = await alone();
    const [id] = await ignorant(context, 1, 1);
    let asked = 0;
    const overtaken = {
      ...network.lineItems,
      listLineItems: async (...call: Parameters<typeof network.lineItems.listLineItems>) => {
        const answer = await network.lineItems.listLineItems(...call);
        if ((asked += 1) === 1) {
          const smaller = { order_id: id!, request_id: "smaller", line_items: [aLine("shirt", 1)] };
          await network.lineItems.replaceLines(smaller, as());
          await followOrders(context, [id!], as());
        }
        return answer;
      },
    };
    expect(await rebuildOrder({ ...context, lineItems: overtaken }, id!, as())).toBe(false);
    expect(asked).toBe(2);
    expect(await unitsIn(context)).toEqual([1]);
  });
});

test("a tenant with more orders than one call takes is rebuilt whole, part by part", async () => {
  const tenant = () => network.as("many");
  await network.skus.createSkus({ skus: [aSku("shirt")] }, tenant());
  const ada = { first_name: "Ada", last_name: "Lovelace" };
  const { profile } = await network.profiles.createProfile({ profile: ada }, tenant());
  const orders = Array.from({ length: 130 }, (_, index) => anOrder(`many-${index}`));
  const { results } = await network.orders.createOrders({ orders }, tenant());
  for (const { system_id } of results) {
    const groupings = [aGrouping("g", profile!.id!, [anItem(1, { sku_customer_id: "shirt" })])];
    await network.groupings.createGroupings({ order: system_id!, groupings }, tenant());
  }
  const wrong = { "groupings.0.items.0.uom_quantity_fulfilled": 1 };
  await documents().updateMany({ tenant_id: "many" }, { $set: wrong }, { writeConcern: { w: "majority" } });
  let cursor: string | null = null;
  const parts: [orders: number, changed: number][] = [];
  do {
    const part: RebuildGroupingsResponse = await network.groupings.rebuildGroupings(
      { cursor, limit: 60 },
      tenant(),
    );
    parts.push([part.orders, part.changed]);
    cursor = part.next_cursor ?? null;
  } while (cursor !== null);
  expect(parts).toEqual([
    [60, 60],
    [60, 60],
    [10, 10],
  ]);
  expect(await network.groupings.rebuildGroupings({}, tenant())).toEqual({
    orders: 130,
    changed: 0,
    next_cursor: null,
  });
});
