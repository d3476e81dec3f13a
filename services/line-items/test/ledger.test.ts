import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { appliedCollection, appliedStore } from "@waybill/events/consumer/applied.ts";
import { topics } from "@waybill/events/topics.ts";
import { onOrderEvents } from "@waybill/line-items/consumers/on-order-event.ts";
import { addEntry } from "@waybill/line-items/ledger-store.ts";
import { createContext } from "@waybill/line-items/service.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import { createLog } from "@waybill/process/log.ts";
import type { FulfillmentState } from "@waybill/proto/orders/v1/fulfillment.ts";
import { traceparentOr } from "@waybill/rpc/metadata.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { newStockCalls } from "./stock-calls.ts";

let network: TestNetwork;
let order: string;
let state: FulfillmentState;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("cap")] }, network.as("shop"));
  order = await newOrder("worked", aLine("shirt", 5), aLine("cap", 2));
  state = await workOn(order);
});
afterAll(() => network[Symbol.asyncDispose]());

async function newOrder(name: string, ...line_items: ReturnType<typeof aLine>[]): Promise<string> {
  const { results } = await network.orders.createOrders(
    { orders: [anOrder(name, { line_items })] },
    network.as("shop"),
  );
  return results[0]!.system_id!;
}

/** Ships 3 shirts and shorts a cap; a cap and 2 shirts stay packed. */
async function workOn(id: string): Promise<FulfillmentState> {
  const move = { order: id, request_id: "1" };
  await network.fulfillment.acceptOrder(move, network.as("shop"));
  const short = { sku_customer_id: "cap", quantity: 1, reason: "damage" };
  await network.fulfillment.shortOrder({ ...move, shorts: [short] }, network.as("shop"));
  await network.fulfillment.startOrder({ ...move, lines: [] }, network.as("shop"));
  await network.fulfillment.packOrder({ ...move, lines: [] }, network.as("shop"));
  const shipment = { shipment_line_items: [{ sku_customer_id: "shirt", quantity: 3 }] };
  const shipped = await network.fulfillment.shipOrder({ ...move, shipment }, network.as("shop"));
  return shipped.order!;
}

async function linesOf(id: string, include_movements = false) {
  const request = { order_ids: [id], include_movements };
  return network.lineItems.listLineItems(request, network.as("shop"));
}

/** Once the ledger has followed the order's last event that moved units. */
const followed = (id: string, fulfilled: number) =>
  vi.waitFor(
    async () => {
      const { orders } = await linesOf(id);
      expect(orders[0]!.line_items[0]!.uom_quantity_fulfilled).toBe(fulfilled);
      return orders[0]!;
    },
    { timeout: 20_000, interval: 50 },
  );

describe("the ledger", () => {
  it("follows the order's events: line-items and orders count the same", async () => {
    const { line_items } = await followed(order, 3);
    expect(line_items.map((line) => [line.id, line.uom_quantity_outstanding])).toEqual(
      state.lines.map(({ id, outstanding }) => [id, outstanding]),
    );
    expect(line_items).toMatchObject([
      { uom_quantity_outstanding: 2, uom_quantity_fulfilled: 3, uom_quantity_shorted: 0 },
      { uom_quantity_outstanding: 1, uom_quantity_fulfilled: 0, uom_quantity_shorted: 1 },
    ]);
  });

  it("tells each step by an event on the topic, gap-free per order", async () => {
    const { line_items } = await followed(order, 3);
    const rows = await network.lineItemsDb.collection("outbox").find({ aggregate_id: order }).toArray();
    expect(rows.map(({ type, sequence }) => [type, sequence])).toEqual([
      ["waybill.line_items.moved.v1", 1],
      ["waybill.line_items.moved.v1", 2],
    ]);
    expect(JSON.parse(rows[1]!["data"])).toMatchObject({ lines: line_items, lines_sequence: 2 });
  });

  it("is answered with the lines to who asks for it", async () => {
    const [cap, shirt] = [
      (await followed(order, 3)).line_items[1]!,
      (await followed(order, 3)).line_items[0]!,
    ];
    expect((await linesOf(order, true)).ledgers).toEqual([
      {
        order_id: order,
        movements: [
          { order_line_item_id: cap.id, kind: "shorted", quantity: 1, grouping_id: null },
          { order_line_item_id: shirt.id, kind: "fulfilled", quantity: 3, grouping_id: null },
        ],
      },
    ]);
  });

  it("takes an event once, even where its position was lost", async () => {
    const before = await followed(order, 3);
    const { data } = await network.orders.listOrderEvents({ order }, network.as("shop"));
    const events = data.map((event) => ({
      ...event,
      tenantId: network.tenant("shop"),
      aggregateId: order,
      messageType: event.message_type ?? null,
      traceparent: "",
    }));
    const context = createContext(
      { client: network.client, db: network.lineItemsDb },
      network.orders,
      createLog("test", "silent"),
    );
    const elsewhere = appliedCollection("applied_anew");
    const positions = appliedStore(
      network.client,
      network.lineItemsDb,
      topics.orders,
      context.log,
      elsewhere,
    );
    await onOrderEvents(context, positions, events);
    expect((await linesOf(order)).orders).toEqual([before]);
  });

  it("is rebuilt from the order's events to the identical result, whatever had become of it", async () => {
    const before = await followed(order, 3);
    const rebuild = () => network.lineItems.rebuildLedger({ order_id: order }, network.as("shop"));
    expect((await rebuild()).lines).toEqual(before);
    const entries = () =>
      network.lineItemsDb.collection("ledger").find({ order_id: order }).sort({ sequence: 1 }).toArray();
    const kept = await entries();
    await network.lineItemsDb.collection("ledger").deleteMany({ order_id: order });
    await network.lineItemsDb
      .collection<{ _id: string }>("order_lines")
      .updateOne({ _id: order }, { $set: { ledger: {}, "lines.0.uom_quantity_fulfilled": 0 } });
    const { lines } = await rebuild();
    expect(await entries()).toEqual(kept);
    const counters = (line: object) =>
      Object.fromEntries(Object.entries(line).filter(([name]) => name.startsWith("uom_quantity_")));
    expect(lines!.line_items.map(counters)).toEqual(before.line_items.map(counters));
    expect((await rebuild()).lines).toEqual(lines);
  });

  it("of an order that does not exist, or whose first events are gone, is not rebuilt", async () => {
    const unknown = { order_id: "01890000-0000-7000-8000-000000000000" };
    await expect(network.lineItems.rebuildLedger(unknown, network.as("shop"))).rejects.toMatchObject({
      code: "ORDER_NOT_FOUND",
    });
    const old = await newOrder("old", aLine("cap"));
    await network.ordersDb.collection("outbox").deleteMany({ aggregate_id: old });
    await expect(
      network.lineItems.rebuildLedger({ order_id: old }, network.as("shop")),
    ).rejects.toMatchObject({
      code: "HISTORY_INCOMPLETE",
    });
  });
});

describe("an entry that a rebuild counted first", () => {
  it("is not counted again, and what became of the stock is told", async () => {
    await network.skus.createSkus({ skus: [aSku("mug")] }, network.as("shop"));
    const calls = newStockCalls(network, "shop");
    await calls.facility("east");
    await calls.receive("mug", 3);
    const id = await newOrder("rebuilt-first", aLine("mug", 2));
    const log = createLog("test", "silent");
    const context = createContext({ client: network.client, db: network.lineItemsDb }, network.orders, log);
    const [line] = (await linesOf(id)).orders[0]!.line_items;
    expect(line).toMatchObject({ uom_quantity_allocated: 2 });
    const stock = await context.allocations.findOne({ _id: id });
    const tenant_id = stock!.tenant_id;
    const entry = {
      _id: newId(),
      tenant_id,
      order_id: id,
      sequence: 9,
      time: new Date().toISOString(),
      movements: [{ order_line_item_id: line!.id!, kind: "canceled", quantity: 2, grouping_id: null }],
    };
    await context.ledger.insertOne(entry);
    const given = { ...stock!, lines: stock!.lines.map((one) => ({ ...one, allocated: 0, taken: [] })) };
    await inTransaction(network.client, (session) =>
      addEntry(context, entry, given, traceparentOr(undefined), session),
    );
    const told = (await linesOf(id)).orders[0]!.line_items[0]!;
    expect(told).toMatchObject({ uom_quantity_allocated: 0, uom_quantity_canceled: 0 });
  });
});
