import { randomUUID } from "node:crypto";
import { aLine, anOrder } from "@waybill/dev-env/records.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { Return } from "@waybill/proto/orders/v1/returns.ts";
import type { Order } from "@waybill/proto/orders/v1/orders.ts";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, test, vi } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import type { Lot } from "../src/stock/lot.ts";
import type { OrderLinesDocument } from "../src/order-lines.ts";
import type { AllocationDocument } from "../src/stock/allocation.ts";
import type { StockDocument } from "../src/stock/stock.ts";
import { newStockCalls, type StockCalls } from "./stock-calls.ts";
import { findOvertaken, historyNow, noteOrders } from "./stock-history.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
});
afterAll(() => network[Symbol.asyncDispose]());

/** What happens at the same time in one round. */
interface Act {
  kind: "receive" | "order" | "accept" | "ship" | "short" | "cancel" | "return" | "update" | "adjust";
  sku: "tea" | "cup";
  quantity: number;
  lot: "L1" | "L2";
  priority: number;
  policy: "backorder" | "partial_ship" | "cancel_shorts";
  split: "single_shipment" | "minimize_splits" | "allow_splits";
  hard: boolean;
  /** Which of the orders that are there. */
  which: number;
}

const kinds = [
  "receive",
  "order",
  "order",
  "order",
  "accept",
  "ship",
  "short",
  "cancel",
  "return",
  "update",
  "adjust",
] as const;
const act = fc.record<Act>({
  kind: fc.constantFrom(...kinds),
  sku: fc.constantFrom("tea", "cup"),
  quantity: fc.integer({ min: 1, max: 6 }),
  lot: fc.constantFrom("L1", "L2"),
  priority: fc.integer({ min: 1, max: 3 }),
  policy: fc.constantFrom("backorder", "partial_ship", "cancel_shorts"),
  split: fc.constantFrom("single_shipment", "minimize_splits", "allow_splits"),
  hard: fc.boolean(),
  which: fc.nat({ max: 50 }),
});
const rounds = fc.array(fc.array(act, { minLength: 1, maxLength: 5 }), { minLength: 4, maxLength: 8 });
const soon = { timeout: 15_000, interval: 50 };
const runs = Number(process.env["STOCK_RUNS"] ?? 10);
const RUN_MS_MAX = 6_000;

test(
  "under any company no lot is sold twice, every sum holds, nobody waits for units that are free, and who waits is served by priority, then age",
  async () => {
    await fc.assert(
      fc.asyncProperty(rounds, async (plan) => {
        const begun = await historyNow(network.lineItemsDb);
        const shop = await openShop();
        for (const acts of plan) {
          await Promise.all(acts.map((one) => shop.perform(one)));
          await noteOrders(network.lineItemsDb, shop.tenant, shop.orders);
        }
        await vi.waitFor(() => assertQuiet(shop.tenant), soon);
        await assertSums(shop.tenant);
        expect(await findStarved(shop.tenant)).toEqual([]);
        expect(await findOvertaken(network.lineItemsDb, shop.tenant, begun)).toEqual([]);
      }),
      { numRuns: runs, endOnFailure: true },
    );
  },
  runs * RUN_MS_MAX,
);

interface Shop {
  tenant: string;
  orders: readonly string[];
  perform: (act: Act) => Promise<void>;
}

async function openShop(): Promise<Shop> {
  const tenant = `t-${randomUUID().slice(0, 8)}`;
  const calls = newStockCalls(network, tenant);
  await calls.facility("east");
  await calls.facility("west");
  for (const sku of ["tea", "cup"]) {
    await calls.sku(sku);
    await calls.receive(sku, 3, { lot_number: "L1" });
  }
  const orders: string[] = [];
  return { tenant, orders, perform: (one) => tolerant(() => perform(tenant, calls, orders, one)) };
}

/** A refusal is an answer; anything else is a fault. */
async function tolerant(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof DomainError) || error.code === "INTERNAL") throw error;
  }
}

async function perform(tenant: string, calls: StockCalls, orders: string[], act: Act): Promise<unknown> {
  const as = () => network.as(tenant);
  const order = orders[act.which % Math.max(1, orders.length)];
  const named = { order: order!, request_id: randomUUID(), lines: [] };
  if (act.kind === "receive") {
    const facility_id = act.which % 2 === 0 ? "east" : "west";
    return calls.receive(act.sku, act.quantity, { lot_number: act.lot, facility_id });
  }
  if (act.kind === "adjust") return adjust(tenant, calls, act);
  if (act.kind === "order") {
    const { results } = await network.orders.createOrders({ orders: [toRecord(act)] }, as());
    if (results[0]!.system_id) orders.push(results[0]!.system_id);
    return results;
  }
  if (order === undefined) return null;
  if (act.kind === "accept") {
    await network.fulfillment.acceptOrder(named, as());
    await network.fulfillment.startOrder(named, as());
    return network.fulfillment.packOrder(named, as());
  }
  if (act.kind === "ship") return network.fulfillment.shipOrder(named, as());
  if (act.kind === "short") {
    const shorts = [{ sku_customer_id: act.sku, quantity: 1, reason: "damage" }];
    return network.fulfillment.shortOrder({ ...named, shorts }, as());
  }
  return request(tenant, order, act);
}

async function request(tenant: string, order: string, act: Act): Promise<unknown> {
  const as = () => network.as(tenant);
  const { order: current } = await network.orders.getOrder({ order }, as());
  const { customer_identifier } = current!;
  if (act.kind === "cancel") {
    return network.requests.createOrderCancelRequests({ requests: [{ customer_identifier }] }, as());
  }
  if (act.kind === "return") {
    const [line] = current!.line_items;
    const items = [{ order_line_item_id: line!.id!, quantity: 1 }];
    return network.returns.createReturn(
      { return: { ...Return.decode(new Uint8Array()), order_id: order, items } },
      as(),
    );
  }
  const record = { ...(toRecord(act) as Omit<Order, "id">), base_version: null, customer_identifier };
  return network.requests.createOrderUpdateRequests({ requests: [record] }, as());
}

async function adjust(tenant: string, calls: StockCalls, { sku, quantity, which }: Act): Promise<unknown> {
  const { lots } = await network.inventory.listLots({ sku_customer_id: sku }, network.as(tenant));
  const lot = lots[which % Math.max(1, lots.length)];
  return lot ? calls.adjust(sku, lot.id, -quantity, "loss") : null;
}

function toRecord(act: Act): Order {
  const rules = [{ match_type: "lot_number", match_value: [act.lot], match_style: "hard" }];
  const contradict = act.policy === "partial_ship" && act.split === "single_shipment";
  return anOrder(randomUUID(), {
    priority: act.priority,
    backorder_policy: act.policy,
    split_policy: contradict ? "minimize_splits" : act.split,
    line_items: [
      aLine(act.sku, act.quantity, { pick_from: act.hard ? rules : [] }),
      ...(act.which % 3 === 0 ? [aLine(act.sku === "tea" ? "cup" : "tea", 1)] : []),
    ],
  });
}

const stocks = (tenant: string) =>
  network.lineItemsDb.collection<StockDocument>("stock").find({ tenant_id: tenant }).toArray();
const allocations = (tenant: string) =>
  network.lineItemsDb.collection<AllocationDocument>("allocations").find({ tenant_id: tenant }).toArray();

const orderLines = (tenant: string) =>
  network.lineItemsDb.collection<OrderLinesDocument>("order_lines").find({ tenant_id: tenant }).toArray();

/** Nothing is on its way any more: every order event is followed, and no units are on offer. */
async function assertQuiet(tenant: string): Promise<void> {
  expect((await stocks(tenant)).filter(({ offering }) => offering)).toEqual([]);
  const found = await network.ordersDb.collection("orders").find({ tenant_id: tenant }).toArray();
  expect(found.filter(({ changing }) => changing !== null)).toEqual([]);
  const pending = { tenant_id: tenant, status: "pending" };
  expect(await network.ordersDb.collection("order_requests").countDocuments(pending)).toBe(0);
  const applied = network.lineItemsDb.collection<{ _id: string; sequence: number }>("applied");
  for (const { _id, sequence } of found) {
    const position = await applied.findOne({ _id: `${tenant}/waybill.orders.v1/${String(_id)}` });
    expect(position?.sequence).toBe(sequence);
  }
  for (const stock of await allocations(tenant)) {
    const order = found.find(({ _id }) => String(_id) === stock._id);
    expect(order?.["backordered"]).toBe(stock.status === "backordered" && order?.["backordered"]);
  }
}

async function assertSums(tenant: string): Promise<void> {
  const orders = await allocations(tenant);
  const taken = orders.flatMap(({ lines }) => lines.flatMap((line) => line.taken));
  for (const { lots } of await stocks(tenant)) {
    for (const lot of lots) {
      expect(lot.allocated).toBeGreaterThanOrEqual(0);
      expect(lot.allocated).toBeLessThanOrEqual(lot.quantity);
      const units = taken.filter(({ lot_id }) => lot_id === lot.id);
      expect(lot.allocated).toBe(units.reduce((sum, { quantity }) => sum + quantity, 0));
    }
  }
  const lots = (await stocks(tenant)).flatMap((stock) => stock.lots);
  const lines = await network.lineItemsDb
    .collection<OrderLinesDocument>("order_lines")
    .find({ tenant_id: tenant })
    .toArray();
  for (const order of orders)
    assertOrder(
      order,
      lines.find(({ _id }) => _id === order._id)!,
      lots,
    );
}

function assertOrder(order: AllocationDocument, { lines }: OrderLinesDocument, lots: readonly Lot[]): void {
  for (const line of order.lines) {
    const item = lines.find(({ id }) => id === line.order_line_item_id)!;
    expect(line.taken.reduce((sum, { quantity }) => sum + quantity, 0)).toBe(line.allocated);
    expect(line.settled + line.allocated + line.backordered).toBe(Math.max(line.quantity, line.settled));
    expect(item.uom_quantity_allocated).toBe(line.allocated);
    expect(line.allocated).toBeLessThanOrEqual(item.uom_quantity_outstanding!);
    const hard = item.pick_from.find(({ match_style }) => match_style === "hard");
    for (const { lot_id } of hard ? line.taken : []) {
      expect(hard!.match_value).toContain(lots.find(({ id }) => id === lot_id)!.lot_number);
    }
  }
}

/** Lines that wait although there are free units that they may have: none may. */
async function findStarved(tenant: string): Promise<string[]> {
  const free = (await stocks(tenant)).flatMap(({ sku_id, lots }) =>
    lots.filter((lot) => lot.quantity > lot.allocated).map((lot) => ({ sku_id, lot })),
  );
  const items = (await orderLines(tenant)).flatMap(({ lines }) => lines);
  const waiting = (await allocations(tenant)).flatMap(({ lines, terms }) => {
    // An order that must be one shipment may wait for units of its facility while others are free.
    const [own] = lines.flatMap(({ taken }) => taken.map(({ facility_id }) => facility_id));
    const facility = terms.split_policy === "single_shipment" ? (own ?? null) : null;
    return lines.filter(({ backordered }) => backordered > 0).map((line) => ({ line, facility }));
  });
  const starved = waiting.filter(({ line, facility }) => {
    const { pick_from } = items.find(({ id }) => id === line.order_line_item_id)!;
    return free.some(
      ({ sku_id, lot }) =>
        sku_id === line.sku_id &&
        (facility === null || facility === lot.facility_id) &&
        pick_from.every(({ match_value }) => match_value.includes(lot.lot_number ?? "")),
    );
  });
  return starved.map(({ line }) => line.order_line_item_id);
}
