import { randomUUID } from "node:crypto";
import { aLine, anOrder } from "@waybill/dev-env/records.ts";
import type { Order } from "@waybill/proto/orders/v1/orders.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import type { AllocationDocument } from "../src/stock/allocation.ts";
import { newStockCalls, type StockCalls } from "./stock-calls.ts";

let network: TestNetwork;
let calls: StockCalls;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  calls = newStockCalls(network, "shop");
  await calls.facility("east");
  await calls.facility("west");
});
afterAll(() => network[Symbol.asyncDispose]());

const soon = { timeout: 20_000, interval: 50 };

async function order(sku: string, quantity: number, change: Partial<Order> = {}): Promise<string> {
  const record = anOrder(randomUUID(), { line_items: [aLine(sku, quantity)], ...change });
  const { results } = await network.orders.createOrders({ orders: [record] }, network.as("shop"));
  expect(results[0]).toMatchObject({ code: null });
  return results[0]!.system_id!;
}

const read = async (id: string) => (await network.orders.getOrder({ order: id }, network.as("shop"))).order!;
const stockOf = (id: string) =>
  network.lineItemsDb.collection<AllocationDocument>("allocations").findOne({ _id: id });
const inventoryOf = async (sku: string) =>
  (await network.inventory.listInventory({ id: [], cid: [sku] }, network.as("shop"))).data[0]!;
const eventsOf = async (id: string) =>
  (await network.orders.listOrderEvents({ order: id }, network.as("shop"))).data.map(({ type }) =>
    type.replace(/^waybill\.order\.|\.v1$/g, ""),
  );
const move = (id: string) => ({ order: id, request_id: randomUUID(), lines: [] });

describe("an order", () => {
  it("has its units from the moment that it is there", async () => {
    await calls.sku("a1");
    await calls.receive("a1", 10);
    const id = await order("a1", 4);
    expect(await stockOf(id)).toMatchObject({ status: "allocated", lines: [{ allocated: 4 }] });
    expect(await inventoryOf("a1")).toMatchObject({ on_hand: 10, allocated: 4, available_to_sell: 6 });
    expect(await read(id)).toMatchObject({
      substatus: null,
      line_items: [{ uom_quantity_allocated: 4, uom_quantity_outstanding: 4 }],
    });
  });

  it("of a SKU whose stock was never recorded needs none", async () => {
    await calls.sku("a2");
    const id = await order("a2", 4);
    expect(await stockOf(id)).toBe(null);
    expect(await read(id)).toMatchObject({ substatus: null });
  });

  it("waits for what is missing, cannot be accepted, and goes on when it is there", async () => {
    await calls.sku("a3");
    await calls.receive("a3", 3);
    const id = await order("a3", 5);
    const allowed_actions = ["hold", "update", "cancel"];
    expect(await read(id)).toMatchObject({ status: "open", substatus: "backordered", allowed_actions });
    await expect(network.fulfillment.acceptOrder(move(id), network.as("shop"))).rejects.toMatchObject({
      code: "BACKORDERED",
      message: "the order is open and waits for stock: accept is not allowed; allowed now: hold",
    });
    await calls.receive("a3", 2);
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ substatus: null }), soon);
    await network.fulfillment.acceptOrder(move(id), network.as("shop"));
    expect(await eventsOf(id)).toEqual(["created", "allocated", "accepted"]);
  });

  it("goes on waiting when a price is confirmed meanwhile", async () => {
    await calls.sku("a3b");
    await calls.receive("a3b", 3);
    const id = await order("a3b", 6);
    const order_line_item_id = (await read(id)).line_items[0]!.id;
    await network.orderLineItems.confirmLineItem(
      { order_line_item_id, confirmed_price: "1.5" },
      network.as("shop"),
    );
    await calls.receive("a3b", 1);
    await vi.waitFor(
      async () => expect(await stockOf(id)).toMatchObject({ lines: [{ allocated: 4, backordered: 2 }] }),
      soon,
    );
    await calls.receive("a3b", 2);
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ substatus: null }), soon);
    await network.fulfillment.acceptOrder(move(id), network.as("shop"));
    expect(await eventsOf(id)).toEqual(["created", "allocated", "accepted"]);
  });

  it("with partial_ship goes on with what is there, the rest follows", async () => {
    await calls.sku("a4");
    await calls.receive("a4", 3);
    const id = await order("a4", 5, { backorder_policy: "partial_ship" });
    await network.fulfillment.acceptOrder(move(id), network.as("shop"));
    expect(await read(id)).toMatchObject({ status: "atWarehouse", substatus: "backordered" });
    await calls.receive("a4", 2);
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ substatus: null }), soon);
    expect(await stockOf(id)).toMatchObject({ lines: [{ allocated: 5, backordered: 0 }] });
  });

  it("with cancel_shorts gives up what is missing, as an event", async () => {
    await calls.sku("a5");
    await calls.receive("a5", 3);
    const id = await order("a5", 5, { backorder_policy: "cancel_shorts" });
    expect(await read(id)).toMatchObject({
      status: "open",
      shorts: [{ sku_customer_id: "a5", quantity: 2, reason: "insufficient_inventory" }],
    });
    expect(await eventsOf(id)).toEqual(["created", "shorted"]);
    await network.fulfillment.acceptOrder(move(id), network.as("shop"));
    const state = await network.fulfillment.startOrder(move(id), network.as("shop"));
    expect(state.order!.lines).toMatchObject([{ ordered: 5, outstanding: 3, shorted: 2 }]);
    await vi.waitFor(
      async () =>
        expect(await read(id)).toMatchObject({
          line_items: [{ uom_quantity_shorted: 2, uom_quantity_allocated: 3 }],
        }),
      soon,
    );
  });

  it("with cancel_shorts of which nothing is there is canceled", async () => {
    await calls.sku("a6");
    const { id: lot } = await calls.receive("a6", 1);
    await calls.adjust("a6", lot, -1, "loss");
    const id = await order("a6", 5, { backorder_policy: "cancel_shorts" });
    expect(await read(id)).toMatchObject({ status: "canceled", shorts: [{ quantity: 5 }] });
    await vi.waitFor(
      async () => expect(await read(id)).toMatchObject({ line_items: [{ uom_quantity_shorted: 5 }] }),
      soon,
    );
    expect(await stockOf(id)).toMatchObject({ lines: [{ shorts_ahead: 0, settled: 5 }] });
  });
});

describe("units", () => {
  it("leave their lots when they are shipped", async () => {
    await calls.sku("b1");
    await calls.receive("b1", 10);
    const id = await order("b1", 4);
    await calls.receive("b1", 1, { facility_id: "west" });
    for (const step of ["acceptOrder", "startOrder", "packOrder", "shipOrder"] as const)
      await network.fulfillment[step](move(id) as never, network.as("shop"));
    await vi.waitFor(
      async () => expect(await inventoryOf("b1")).toMatchObject({ on_hand: 7, allocated: 0 }),
      soon,
    );
    expect(await stockOf(id)).toMatchObject({ lines: [{ allocated: 0, settled: 4 }] });
  });

  it("of a canceled order go to the next that waits", async () => {
    await calls.sku("b2");
    await calls.receive("b2", 4);
    const first = await order("b2", 4);
    const second = await order("b2", 3);
    expect(await read(second)).toMatchObject({ substatus: "backordered" });
    const { customer_identifier } = await read(first);
    await network.requests.createOrderCancelRequests(
      { requests: [{ customer_identifier }] },
      network.as("shop"),
    );
    await vi.waitFor(async () => expect(await read(second)).toMatchObject({ substatus: null }), soon);
    expect(await inventoryOf("b2")).toMatchObject({ on_hand: 4, allocated: 3, available_to_sell: 1 });
  });

  it("that come in go to who waits, by priority, then age", async () => {
    await calls.sku("b3");
    const { id: lot } = await calls.receive("b3", 1);
    await calls.adjust("b3", lot, -1, "loss");
    const at = (hour: number) => `2026-01-01T0${hour}:00:00Z`;
    const late = await order("b3", 2, { submitted_at: at(3) });
    const early = await order("b3", 2, { submitted_at: at(1) });
    const urgent = await order("b3", 2, { submitted_at: at(5), priority: 1 });
    await calls.receive("b3", 3);
    const units = async () =>
      Promise.all([urgent, early, late].map(async (id) => (await stockOf(id))!.lines[0]!.allocated));
    await vi.waitFor(async () => expect(await units()).toEqual([2, 1, 0]), soon);
    await calls.receive("b3", 2);
    await vi.waitFor(async () => expect(await units()).toEqual([2, 2, 1]), soon);
  });

  it("that an order leaves behind on its way to another facility go to those before it first", async () => {
    await calls.sku("b6");
    await calls.receive("b6", 2, { lot_number: "L1" });
    const single = await order("b6", 5, { priority: 2, split_policy: "single_shipment" });
    const rules = [{ match_type: "lot_number", match_value: ["L1"], match_style: "hard" }];
    const first = await order("b6", 0, { priority: 1, line_items: [aLine("b6", 2, { pick_from: rules })] });
    const last = await order("b6", 2, { priority: 3 });
    await calls.receive("b6", 3, { facility_id: "west", lot_number: "L2" });
    const units = async () =>
      Promise.all([first, single, last].map(async (id) => (await stockOf(id))!.lines[0]!.allocated));
    await vi.waitFor(async () => expect(await units()).toEqual([2, 3, 0]), soon);
  });

  it("of several SKUs that become free at once go to the first of each", async () => {
    for (const sku of ["b7", "b8"]) {
      await calls.sku(sku);
      await calls.receive(sku, 1);
    }
    const both = { line_items: [aLine("b7", 1), aLine("b8", 1)] };
    const holder = await order("b7", 0, both);
    const later = await order("b7", 0, { ...both, priority: 2 });
    const first = await order("b8", 1, { priority: 1 });
    const { customer_identifier } = await read(holder);
    await network.requests.createOrderCancelRequests(
      { requests: [{ customer_identifier }] },
      network.as("shop"),
    );
    const units = async () =>
      Promise.all(
        [first, later].map(async (id) => (await stockOf(id))!.lines.map(({ allocated }) => allocated)),
      );
    await vi.waitFor(async () => expect(await units()).toEqual([[1], [1, 0]]), soon);
  });

  it("that came in are for those who wait, even before an order that comes now", async () => {
    await calls.sku("b4");
    const { id: lot } = await calls.receive("b4", 1);
    await calls.adjust("b4", lot, -1, "loss");
    const waiting = await order("b4", 2);
    await vi.waitFor(async () => expect(await stockOf(waiting)).toMatchObject({ confirmed: true }), soon);
    await calls.receive("b4", 2);
    const newer = await order("b4", 2, { priority: 1 });
    expect(await stockOf(waiting)).toMatchObject({ lines: [{ allocated: 2 }] });
    expect(await stockOf(newer)).toMatchObject({ lines: [{ allocated: 0 }] });
  });

  it("are never sold twice, however many orders come at once", async () => {
    await calls.sku("b5");
    await calls.receive("b5", 25);
    const ids = await Promise.all(
      Array.from({ length: 40 }, (_, index) => order("b5", 1, { priority: 1 + (index % 3) })),
    );
    expect(await inventoryOf("b5")).toMatchObject({ on_hand: 25, allocated: 25, available_to_sell: 0 });
    const stocks = await Promise.all(ids.map(stockOf));
    expect(stocks.filter((stock) => stock!.status === "allocated")).toHaveLength(25);
  });
});

describe("changed lines", () => {
  it("of an open order get their stock anew", async () => {
    await calls.sku("d1");
    await calls.receive("d1", 5);
    const id = await order("d1", 4);
    const [line] = (await read(id)).line_items;
    const patch = (amount: number) =>
      network.orderLineItems.updateOrderLineItem(
        { id: line!.id!, order_line_item: { amount, pick_from: [] }, update_mask: ["amount"] },
        network.as("shop"),
      );
    await patch(2);
    expect(await inventoryOf("d1")).toMatchObject({ allocated: 2, available_to_sell: 3 });
    await patch(7);
    expect(await inventoryOf("d1")).toMatchObject({ allocated: 5, available_to_sell: 0 });
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ substatus: "backordered" }), soon);
    await patch(5);
    await vi.waitFor(async () => expect(await read(id)).toMatchObject({ substatus: null }), soon);
  });

  it("of an order at the warehouse are refused as a whole if their stock is not there", async () => {
    await calls.sku("d2");
    await calls.receive("d2", 5);
    const id = await order("d2", 2);
    await network.fulfillment.acceptOrder(move(id), network.as("shop"));
    const replace = (quantity: number) =>
      network.lineItems.replaceLines(
        { order_id: id, request_id: randomUUID(), line_items: [aLine("d2", quantity)] },
        network.as("shop"),
      );
    await expect(replace(6)).rejects.toMatchObject({
      code: "INSUFFICIENT_STOCK",
      violations: [{ pointer: "/line_items/0/quantity" }],
    });
    expect(await replace(5)).toMatchObject({ backordered: false, shorts: [] });
    expect(await inventoryOf("d2")).toMatchObject({ allocated: 5, available_to_sell: 0 });
  });
});

describe("the allocation of an order", () => {
  const allocation = async (name: string) =>
    (await network.allocation.getAllocation({ order: name }, network.as("shop"))).allocation!;

  it("says per line what was considered, taken and skipped, and why", async () => {
    await calls.sku("e1", { pick_style: "FEFO" });
    await calls.receive("e1", 3, { lot_number: "L1", expiration_date: "2031-01-01" });
    await calls.receive("e1", 3, { lot_number: "L2", expiration_date: "2030-01-01" });
    await calls.receive("e1", 9, { lot_number: "L3", expiration_date: "2020-01-01" });
    const id = await order("e1", 4);
    const { order_nr } = await read(id);
    const shown = await allocation(String(order_nr));
    expect(shown).toMatchObject({
      order_id: id,
      status: "allocated",
      facilities: [
        { facility_id: "east", used: true },
        { facility_id: "west", used: false, reason: "no_stock" },
      ],
      lines: [
        {
          quantity: 4,
          allocated: 4,
          pick_style: "FEFO",
          candidates: [
            { lot_number: "L2", available: 3, taken: 3, reason: null },
            { lot_number: "L1", available: 3, taken: 1, reason: null },
            { lot_number: "L3", available: 9, taken: 0, reason: "expired" },
          ],
        },
      ],
    });
  });

  it("of which nothing is tracked says so, and of an unknown order nothing", async () => {
    await calls.sku("e2");
    expect(await allocation(await order("e2", 4))).toMatchObject({
      status: "untracked",
      lines: [{ tracked: false, quantity: 4 }],
    });
    await expect(allocation(randomUUID())).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
  });
});

describe("within one batch", () => {
  it("priority goes first, then age, whatever the place in the batch", async () => {
    await calls.sku("c1");
    await calls.receive("c1", 3);
    const orders = [100, 100, 1].map((priority, index) =>
      anOrder(randomUUID(), {
        priority,
        line_items: [aLine("c1", 2)],
        submitted_at: `2026-01-0${3 - index}T00:00:00Z`,
      }),
    );
    const { results } = await network.orders.createOrders({ orders }, network.as("shop"));
    const units = await Promise.all(
      results.map(async ({ system_id }) => (await stockOf(system_id!))!.lines[0]!.allocated),
    );
    expect(units).toEqual([0, 1, 2]);
  });

  it("validate_only tells the same plan and books nothing", async () => {
    await calls.sku("c2");
    await calls.receive("c2", 3);
    const orders = [anOrder(randomUUID(), { line_items: [aLine("c2", 5)] })];
    const { results, plans } = await network.orders.createOrders(
      { orders, mode: "validate_only" },
      network.as("shop"),
    );
    expect(results[0]).toMatchObject({ status: "success", system_id: null });
    expect(plans).toMatchObject([
      { index: 0, allocation: { status: "backordered", lines: [{ allocated: 3, backordered: 2 }] } },
    ]);
    expect(await inventoryOf("c2")).toMatchObject({ allocated: 0 });
  });
});
