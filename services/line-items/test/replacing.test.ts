import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { createContext } from "@waybill/line-items/service.ts";
import { sweepSeals } from "@waybill/line-items/sweeper.ts";
import { createLog } from "@waybill/process/log.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

const MINUTE_MS = 60_000;
let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("cap")] }, network.as("shop"));
});
afterAll(() => network[Symbol.asyncDispose]());

async function newOrder(name: string): Promise<string> {
  const { results } = await network.orders.createOrders({ orders: [anOrder(name)] }, network.as("shop"));
  return results[0]!.system_id!;
}
const seal = (order_id: string) => network.lineItems.sealLines({ order_id }, network.as("shop"));
const replace = (order_id: string, request_id: string, ...line_items: ReturnType<typeof aLine>[]) =>
  network.lineItems.replaceLines({ order_id, request_id, line_items }, network.as("shop"));
const orderLines = () => network.lineItemsDb.collection<{ _id: string }>("order_lines");

describe("the lines of an order can be replaced", () => {
  it("once per request, sealed or not, with an event", async () => {
    const order = await newOrder("replaced");
    await seal(order);
    const first = await replace(order, "request-1", aLine("shirt", 5), aLine("cap", 2));
    expect(first.lines!.line_items).toMatchObject([
      { sku_customer_id: "shirt", quantity: 5 },
      { sku_customer_id: "cap", quantity: 2 },
    ]);
    expect(await replace(order, "request-1", aLine("shirt", 5), aLine("cap", 2))).toEqual(first);
    const outbox = network.lineItemsDb.collection("outbox");
    const rows = await outbox.find({ aggregate_id: order }).toArray();
    expect(rows.map(({ type, sequence }) => [type, sequence])).toEqual([
      ["waybill.line_items.changed.v1", 1],
    ]);
    expect(JSON.parse(rows[0]!["data"])).toEqual({
      order_id: order,
      lines_revision: first.lines!.lines_revision,
      cause: "replaced",
      lines: first.lines!.line_items,
      movements: [],
      backordered: false,
      shorts: [],
      lines_sequence: 1,
      order_sequence: 0,
    });
  });

  it("as a whole or not at all, with the place that is wrong", async () => {
    const order = await newOrder("refused");
    await expect(replace(order, "request-1", aLine("cap"), aLine("unknown"))).rejects.toMatchObject({
      code: "SKU_NOT_FOUND",
      violations: [{ pointer: "/line_items/1/sku_customer_id" }],
    });
    const { order: shown } = await network.orders.getOrder({ order }, network.as("shop"));
    expect(shown!.line_items).toMatchObject([{ sku_customer_id: "shirt", quantity: 1 }]);
  });
});

describe("a seal older than five minutes", () => {
  it("is lifted if the order stayed open; that of an order that moved on, and younger ones, stay", async () => {
    const [stuck, young, accepted] = [
      await newOrder("stuck"),
      await newOrder("young"),
      await newOrder("accepted"),
    ];
    await Promise.all([seal(stuck), seal(young)]);
    await network.fulfillment.acceptOrder({ order: accepted, request_id: "1" }, network.as("shop"));
    const old = new Date(Date.now() - 6 * MINUTE_MS).toISOString();
    await orderLines().updateMany({ _id: { $in: [stuck, accepted] } }, { $set: { sealed_at: old } });
    const database = { client: network.client, db: network.lineItemsDb };
    await sweepSeals(createContext(database, network.orders, createLog("test", "silent")));
    const found = await orderLines()
      .find({ _id: { $in: [stuck, young, accepted] } })
      .project({ open: 1, sealed_at: 1 })
      .sort({ _id: 1 })
      .toArray();
    expect(found).toEqual([
      { _id: stuck, open: true, sealed_at: null },
      { _id: young, open: false, sealed_at: expect.any(String) },
      { _id: accepted, open: false, sealed_at: null },
    ]);
  });
});
