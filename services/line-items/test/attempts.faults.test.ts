import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { createContext } from "@waybill/line-items/service.ts";
import { sweepOnce } from "@waybill/line-items/sweeper.ts";
import { idAt, newId } from "@waybill/mongo/ids.ts";
import { createLog } from "@waybill/process/log.ts";
import type { Document } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import type { AllocationDocument } from "../src/stock/allocation.ts";
import { newStockCalls } from "./stock-calls.ts";

const MINUTE_MS = 60_000;
const log = createLog("test", "silent");
let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await network.skus.createSkus({ skus: [aSku("shirt", { catalog_price: "10.0" })] }, network.as("shop"));
});
afterAll(() => network[Symbol.asyncDispose]());

const lines = (order_id: string, sku = "shirt") => ({
  order_id,
  line_items: [aLine(sku, 2)],
  line_ids: [newId()],
});
const stored = (ids: string[]) =>
  network.lineItems.listLineItems({ order_ids: ids }, network.as("shop")).then(({ orders }) => orders);

describe("the lines of an attempt", () => {
  it("are stored all or none per order, and a repeat of the call changes nothing", async () => {
    const [good, bad] = [lines(newId()), lines(newId(), "unknown")];
    const request = { orders: [good, bad] };
    const first = await network.lineItems.createLineItems(request, network.as("shop"));
    expect(first.results.map(({ code }) => code)).toEqual([null, "SKU_NOT_FOUND"]);
    const before = await stored([good.order_id, bad.order_id]);
    await network.lineItems.createLineItems(request, network.as("shop"));
    expect(await stored([good.order_id, bad.order_id])).toEqual(before);
    expect(before).toMatchObject([
      {
        order_id: good.order_id,
        lines_revision: 1,
        line_items: [{ id: good.line_ids[0], total_net_price: "20.0" }],
      },
    ]);
  });

  it("that never committed are freed after five minutes, those of orders and younger ones stay", async () => {
    const abandoned = idAt(Date.now() - 6 * MINUTE_MS, 0);
    const young = idAt(Date.now() - 4 * MINUTE_MS, 0);
    await network.lineItems.createLineItems({ orders: [lines(abandoned), lines(young)] }, network.as("shop"));
    const { results } = await network.orders.createOrders({ orders: [anOrder("kept")] }, network.as("shop"));
    const kept = results[0]!.system_id!;
    await makeOlder(kept);
    const context = createContext({ client: network.client, db: network.lineItemsDb }, network.orders, log);
    while (await sweepOnce(context));
    const left = (await stored([abandoned, young])).map(({ order_id }) => order_id);
    expect(left).toEqual([young]);
    expect(await network.lineItemsDb.collection("order_lines").countDocuments({ committed: kept })).toBe(1);
  });
});

describe("one bad item", () => {
  const context = () =>
    createContext({ client: network.client, db: network.lineItemsDb }, network.orders, log);
  const allocations = () => network.lineItemsDb.collection<AllocationDocument>("allocations");

  it("is passed over by the sweeper: the attempts behind it are freed", async () => {
    const calls = newStockCalls(network, "shop");
    await calls.facility("east");
    await calls.sku("cup");
    await calls.receive("cup", 9);
    const [bad, good] = [idAt(Date.now() - 6 * MINUTE_MS, 2), idAt(Date.now() - 6 * MINUTE_MS, 3)];
    await network.lineItems.createLineItems(
      { orders: [lines(bad, "cup"), lines(good, "cup")] },
      network.as("shop"),
    );
    await allocations().updateOne({ _id: bad }, { $set: { "lines.0.taken.0.lot_id": "gone" } });
    while (await sweepOnce(context()));
    const left = (await stored([bad, good])).map(({ order_id }) => order_id);
    expect(left).toEqual([bad]);
    expect(await allocations().countDocuments({ _id: good })).toBe(0);
  });

  it("keeps no other from being offered, however many there are", async () => {
    const calls = newStockCalls(network, "shop");
    await calls.sku("pot");
    const { id: lot } = await calls.receive("pot", 1);
    await calls.adjust("pot", lot, -1, "loss");
    const record = anOrder("waits", { line_items: [aLine("pot", 1)] });
    const { results } = await network.orders.createOrders({ orders: [record] }, network.as("shop"));
    const stock = network.lineItemsDb.collection<Document & { _id: string }>("stock");
    const pot = await stock.findOneAndDelete({ sku_customer_id: "pot" });
    const broken = Array.from({ length: 105 }, (_, index) => ({
      _id: `stock/broken-${index}`,
      tenant_id: "other",
      sku_id: `broken-${index}`,
      offering: true,
      offers: 1,
      lots: null,
    }));
    await stock.insertMany([...broken, pot!]);
    await calls.receive("pot", 1);
    await vi.waitFor(
      async () =>
        expect(await allocations().findOne({ _id: results[0]!.system_id! })).toMatchObject({
          lines: [{ allocated: 1 }],
        }),
      { timeout: 50_000, interval: 100 },
    );
  }, 90_000);
});

/** An order and its lines under an id of six minutes ago, as if it had been created then. */
async function makeOlder(id: string): Promise<void> {
  const older = idAt(Date.now() - 6 * MINUTE_MS, 1);
  for (const [db, name] of [
    [network.ordersDb, "orders"],
    [network.lineItemsDb, "order_lines"],
  ] as const) {
    const collection = db.collection<{ _id: string; committed?: string }>(name);
    const document = await collection.findOne({ _id: id });
    await collection.deleteOne({ _id: id });
    await collection.insertOne({ ...document!, _id: older, committed: id });
  }
}
