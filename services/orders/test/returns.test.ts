import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Return } from "@waybill/proto/orders/v1/returns.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { countReturns, findReturnPage, type ReturnFilter } from "../src/return-store.ts";
import type { ReturnDocument } from "../src/return.ts";
import { planOf, unindexed } from "./plans.ts";

let network: TestNetwork;
let order: string;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("hat")] }, as());
  order = await shippedOrder("129374");
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const ask = (sku_customer_id: string, quantity: number) => ({ sku_customer_id, quantity });
const eventsOf = async (id: string) =>
  (await network.orders.listOrderEvents({ order: id, limit: 100 }, as())).data;

async function shippedOrder(name: string): Promise<string> {
  const line_items = [aLine("shirt", 8), aLine("hat", 2)];
  const { results } = await network.orders.createOrders({ orders: [anOrder(name, { line_items })] }, as());
  await network.sandbox.advanceOrders({ orders: [{ order_customer_id: name, status: "fulfilled" }] }, as());
  return results[0]!.system_id!;
}

async function askFor(order_id: string, ...items: ReturnType<typeof ask>[]): Promise<Return> {
  return (await network.returns.createReturn({ return: { order_id, items } }, as())).return!;
}

async function countsOf(id: string) {
  const orders = network.ordersDb.collection<{ _id: string; line_counts: LineCount[] }>("orders");
  const stored = await orders.findOne({ _id: id });
  return stored!.line_counts.map(({ returning, returned }) => [returning, returned]);
}

describe("a return", () => {
  it("is asked for, received in parts and then closed, its units counted on the order all the while", async () => {
    const asked = await askFor(order, ask("shirt", 3), ask("hat", 1));
    expect(asked).toMatchObject({
      order_id: order,
      customer_identifier: "129374",
      status: "open",
      version: 1,
    });
    expect(await countsOf(order)).toEqual([
      [3, 0],
      [1, 0],
    ]);
    const part = { id: asked.id!, request_id: "1", items: [ask("shirt", 2)] };
    const first = await network.returns.receiveReturn(part, as());
    expect(first.return).toMatchObject({
      status: "open",
      version: 2,
      items: [{ received: 2 }, { received: 0 }],
    });
    await network.returns.rejectReturn({ id: asked.id!, request_id: "1", items: [ask("hat", 1)] }, as());
    const last = await network.returns.receiveReturn({ id: asked.id!, request_id: "2", items: [] }, as());
    expect(last.return).toMatchObject({ status: "received" });
    expect(await countsOf(order)).toEqual([
      [0, 3],
      [0, 0],
    ]);
    expect((await network.returns.getReturn({ id: asked.id! }, as())).return).toEqual(last.return);
  });

  it("tells every change in the order's own sequence, without a gap", async () => {
    const id = await shippedOrder("told");
    const asked = await askFor(id, ask("shirt", 2));
    await network.returns.receiveReturn({ id: asked.id!, request_id: "1", items: [ask("shirt", 1)] }, as());
    await network.returns.cancelReturn({ id: asked.id!, request_id: "1" }, as());
    const events = await eventsOf(id);
    expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
    expect(events.slice(-3).map(({ type, message_type }) => [type, message_type])).toEqual([
      ["waybill.return.created.v1", null],
      ["waybill.return.received.v1", null],
      ["waybill.return.canceled.v1", null],
    ]);
    expect(JSON.parse(events.at(-1)!.data).return).toMatchObject({ id: asked.id, status: "received" });
  });

  it("is received once, however often the request is repeated", async () => {
    const asked = await askFor(order, ask("shirt", 2));
    const request = { id: asked.id!, request_id: "again", items: [ask("shirt", 1)] };
    const first = await network.returns.receiveReturn(request, as());
    expect(await network.returns.receiveReturn(request, as())).toEqual(first);
    const other = network.returns.receiveReturn({ ...request, items: [ask("shirt", 2)] }, as());
    await expect(other).rejects.toMatchObject({ code: "REQUEST_ID_REUSED" });
    await network.returns.cancelReturn({ id: asked.id!, request_id: "end" }, as());
    await expect(
      network.returns.receiveReturn({ ...request, request_id: "late" }, as()),
    ).rejects.toMatchObject({ code: "RETURN_CLOSED" });
  });

  it("is for one of those that race for the same units", async () => {
    const id = await shippedOrder("raced");
    const racers = Array.from({ length: 6 }, () => askFor(id, ask("shirt", 3)).catch((error) => error.code));
    const answers = await Promise.all(racers);
    expect(answers.filter((answer) => answer === "QUANTITY_EXCEEDED")).toHaveLength(4);
    expect(await countsOf(id)).toEqual([
      [6, 0],
      [0, 0],
    ]);
    const stored = await network.ordersDb.collection("returns").countDocuments({ order_id: id });
    expect(stored).toBe(2);
  });

  it("of what is unknown, or not the tenant's, is refused", async () => {
    const nobody = "01970000-0000-7000-8000-000000000000";
    await expect(askFor(nobody, ask("shirt", 1))).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
    await expect(network.returns.getReturn({ id: nobody }, as())).rejects.toMatchObject({
      code: "RETURN_NOT_FOUND",
    });
    const { id } = await askFor(order, ask("hat", 1));
    await expect(network.returns.getReturn({ id: id! }, network.as("other"))).rejects.toMatchObject({
      code: "RETURN_NOT_FOUND",
    });
  });
});

describe("lists of returns", () => {
  it("show the newest first, by order and status, page by page", async () => {
    const id = await shippedOrder("listed");
    const asked = [
      await askFor(id, ask("shirt", 1)),
      await askFor(id, ask("shirt", 1)),
      await askFor(id, ask("hat", 1)),
    ];
    await network.returns.cancelReturn({ id: asked[0]!.id!, request_id: "1" }, as());
    const list = (change: object) =>
      network.returns.listReturns({ id: [], order_id: id, limit: 2, ...change }, as());
    const idsOf = ({ data }: { data: Return[] }) => data.map((one) => one.id);
    const first = await list({ include_counts: true });
    expect([idsOf(first), first.total]).toEqual([[asked[2]!.id, asked[1]!.id], 3]);
    const second = await list({ cursor: first.next_cursor });
    expect([idsOf(second), second.next_cursor, second.total]).toEqual([[asked[0]!.id], null, null]);
    expect(idsOf(await list({ offset: 2 }))).toEqual([asked[0]!.id]);
    expect(idsOf(await list({ status: "canceled" }))).toEqual([asked[0]!.id]);
    expect(idsOf(await list({ id: [asked[1]!.id] }))).toEqual([asked[1]!.id]);
  });

  const filters: [string, Partial<ReturnFilter>, string][] = [
    ["all", {}, "newest"],
    ["of an order", { orderId: "x" }, "by_order"],
    ["of an order in a status", { orderId: "x", status: "open" }, "by_order"],
    ["in a status", { status: "open" }, "by_status"],
    ["by id", { ids: ["x", "y"] }, "_id_"],
    ["by id, of an order in a status", { ids: ["x"], orderId: "x", status: "open" }, "_id_"],
  ];

  it.each(filters)("%s are answered and counted by an index in its order", async (_, filter, index) => {
    const returns = network.ordersDb.collection<ReturnDocument>("returns");
    const whole = { ids: [], orderId: null, status: null };
    const asked = { tenantId: network.tenant("shop"), ...whole, ...filter };
    for (const before of [null, "01970000-0000-7000-8000-000000000000"]) {
      const query = findReturnPage(returns, asked, { before, offset: 0, limit: 2 });
      const { stages, indexes, docs } = planOf(await query.explain("executionStats"));
      expect(stages).not.toEqual(unindexed);
      expect(indexes).toEqual([index]);
      expect(docs).toBeLessThanOrEqual(2);
    }
    const counted = planOf(await countReturns(returns, asked).explain("queryPlanner"));
    expect(counted.stages).not.toEqual(unindexed);
    expect(counted.indexes).toEqual([index]);
  });
});
