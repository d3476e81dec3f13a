import { randomUUID } from "node:crypto";
import type { TestNetwork } from "../../../test/network.ts";
import { countsOfLine, countsOfOrder } from "../../../test/line-counts.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";
import { OrderUpdate } from "@waybill/proto/orders/v1/order_requests.ts";
import fc from "fast-check";
import { afterAll, beforeAll, expect, inject, it, vi } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("cap")] }, as());
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const move = (order: string) => ({ order, request_id: randomUUID(), lines: [] });
const SETTLED = { timeout: 20_000, interval: 50 };

/** What becomes of an order of 6 shirts and 3 caps. */
interface Fate {
  /** Caps that are shorted at the warehouse. */
  shorted: number;
  /** The shirts and caps that an update leaves, if there is one; no caps: the line goes. */
  updated: { shirts: number; caps: number } | null;
  /** Whether it is canceled then. */
  canceled: boolean;
  shipped: number;
  /** Of the shipped: asked back. */
  back: number;
  /** Of those: received; the others are given up. */
  received: number;
}
const fates: fc.Arbitrary<Fate> = fc.record({
  shorted: fc.integer({ min: 0, max: 2 }),
  updated: fc.option(
    fc.record({ shirts: fc.integer({ min: 1, max: 9 }), caps: fc.integer({ min: 0, max: 5 }) }),
  ),
  canceled: fc.boolean(),
  shipped: fc.integer({ min: 1, max: 6 }),
  back: fc.integer({ min: 0, max: 4 }),
  received: fc.integer({ min: 0, max: 4 }),
});

async function meet(name: string, fate: Fate): Promise<string> {
  const line_items = [aLine("shirt", 6), aLine("cap", 3)];
  const { results } = await network.orders.createOrders({ orders: [anOrder(name, { line_items })] }, as());
  const order = results[0]!.system_id!;
  await network.fulfillment.acceptOrder(move(order), as());
  if (fate.shorted > 0) {
    const shorts = [{ sku_customer_id: "cap", quantity: fate.shorted, reason: "lost" }];
    await network.fulfillment.shortOrder({ ...move(order), shorts }, as());
  }
  if (fate.updated) await update(name, fate.updated);
  if (fate.canceled) await cancel(name);
  else await work(order, fate);
  return order;
}

async function update(name: string, { shirts, caps }: { shirts: number; caps: number }): Promise<void> {
  const blank = OrderUpdate.decode(new Uint8Array());
  const known = Object.entries(anOrder(name)).filter(([field]) => Object.hasOwn(blank, field));
  const line_items = [aLine("shirt", shirts), ...(caps > 0 ? [aLine("cap", caps)] : [])];
  const requests = [{ ...blank, ...Object.fromEntries(known), line_items }];
  const { results } = await network.requests.createOrderUpdateRequests({ requests }, as());
  await vi.waitUntil(async () => {
    const { request } = await network.requests.getOrderUpdateRequest({ id: results[0]!.system_id! }, as());
    return request!.status !== "pending";
  }, SETTLED);
}

async function cancel(name: string): Promise<void> {
  const requests = [{ customer_identifier: name }];
  const { results } = await network.requests.createOrderCancelRequests({ requests }, as());
  await vi.waitUntil(async () => {
    const { request } = await network.requests.getOrderCancelRequest({ id: results[0]!.system_id! }, as());
    return request!.status !== "pending";
  }, SETTLED);
}

async function work(order: string, { updated, shipped, back, received }: Fate): Promise<void> {
  await network.fulfillment.startOrder(move(order), as());
  await network.fulfillment.packOrder(move(order), as());
  const shirts = Math.min(shipped, updated?.shirts ?? 6);
  const shipment = { shipment_line_items: [{ sku_customer_id: "shirt", quantity: shirts }] };
  await network.fulfillment.shipOrder({ ...move(order), shipment }, as());
  const quantity = Math.min(back, shirts);
  if (quantity === 0) return;
  const asked = { order_id: order, items: [{ sku_customer_id: "shirt", quantity }] };
  const { id } = (await network.returns.createReturn({ return: asked }, as())).return!;
  const taken = Math.min(received, quantity);
  if (taken > 0) {
    const items = [{ sku_customer_id: "shirt", quantity: taken }];
    await network.returns.receiveReturn({ id: id!, request_id: "1", items }, as());
  }
  if (taken > 0 && taken < quantity) await network.returns.cancelReturn({ id: id!, request_id: "2" }, as());
}

async function linesOf(order: string) {
  const { orders } = await network.lineItems.listLineItems({ order_ids: [order] }, as());
  return orders[0]!;
}

it("whatever becomes of orders, both services count the same in the end, and a rebuild changes nothing", async () => {
  const orders = await Promise.all(
    fc.sample(fates, { numRuns: 8, seed: 2 }).map((fate, index) => meet(`fate-${index}`, fate)),
  );
  for (const order of orders) {
    const stored = await network.ordersDb
      .collection<{ _id: string; line_counts: LineCount[] }>("orders")
      .findOne({ _id: order });
    await vi.waitFor(async () => {
      expect((await linesOf(order)).line_items.map(countsOfLine)).toEqual(
        stored!.line_counts.map(countsOfOrder),
      );
    }, SETTLED);
    const counted = await linesOf(order);
    const { lines } = await network.lineItems.rebuildLedger({ order_id: order }, as());
    expect(lines).toEqual(counted);
  }
});
