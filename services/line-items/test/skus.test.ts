import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { newStockCalls } from "./stock-calls.ts";
import type { SkuDocument } from "../src/sku.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
});
afterAll(() => network[Symbol.asyncDispose]());

const create = (...skus: ReturnType<typeof aSku>[]) => network.skus.createSkus({ skus }, network.as("shop"));

describe("SKUs", () => {
  it("are filled with their defaults and read back by id, prices in their shortest spelling", async () => {
    const { results } = await create(aSku("plain", { catalog_price: "21.560" }));
    const { sku } = await network.skus.getSku({ sku: results[0]!.system_id }, network.as("shop"));
    expect(sku).toMatchObject({
      customer_identifier: "plain",
      catalog_price: "21.56",
      unit: "piece",
      base_unit: "piece",
      base_units_per_unit: 1,
      price_units_per_unit: 1,
      currency: "EUR",
      pick_style: "FIFO",
    });
  });

  it("posted again with the same content are the same SKU, with other content refused", async () => {
    const first = await create(aSku("twice", { description: "a" }));
    const again = await create(aSku("twice", { description: "a" }));
    const other = await create(aSku("twice", { description: "b" }));
    expect(again.results[0]!.system_id).toBe(first.results[0]!.system_id);
    expect(other.results[0]).toMatchObject({ status: "failure", code: "DUPLICATE_SKU" });
  });

  it("are listed newest first, by name and by id", async () => {
    const { results } = await create(aSku("list-1"), aSku("list-2"), aSku("list-3"));
    const byName = await network.skus.listSkus({ id: [], cid: ["list-1", "list-3"] }, network.as("shop"));
    expect(byName.data.map(({ customer_identifier }) => customer_identifier).toSorted()).toEqual([
      "list-1",
      "list-3",
    ]);
    const byId = await network.skus.listSkus({ id: [results[1]!.system_id!], cid: [] }, network.as("shop"));
    expect(byId.data.map(({ customer_identifier }) => customer_identifier)).toEqual(["list-2"]);
  });

  it("of another tenant are unknown", async () => {
    const { results } = await create(aSku("mine"));
    await expect(
      network.skus.getSku({ sku: results[0]!.system_id }, network.as("other")),
    ).rejects.toMatchObject({
      code: "SKU_NOT_FOUND",
    });
  });

  it("are replaced whole, each on its own, and the same content writes nothing", async () => {
    const { results } = await create(
      aSku("put-1", { description: "a", catalog_price: "1.0" }),
      aSku("put-2"),
    );
    const put = (...skus: ReturnType<typeof aSku>[]) => network.skus.updateSkus({ skus }, network.as("shop"));
    const answer = await put(
      aSku("put-1", { catalog_price: "2.50" }),
      aSku("put-unknown"),
      aSku("put-2", { unit: "pallet" }),
    );
    expect(answer).toMatchObject({ records_succeeded: 2, records_failed: 1 });
    expect(answer.results.map(({ system_id, code }) => [system_id, code])).toEqual([
      [results[0]!.system_id, null],
      [null, "SKU_NOT_FOUND"],
      [results[1]!.system_id, null],
    ]);
    await put(aSku("put-1", { catalog_price: "2.50" }));
    const { sku } = await network.skus.getSku({ sku: results[0]!.system_id }, network.as("shop"));
    expect(sku).toMatchObject({ catalog_price: "2.5", description: null });
    expect(await eventsOf(results[0]!.system_id!)).toEqual([
      "waybill.sku.created.v1",
      "waybill.sku.updated.v1",
    ]);
    const again = await create(aSku("put-1", { catalog_price: "2.50" }));
    expect(again.results[0]!.system_id).toBe(results[0]!.system_id);
  });

  it("in use are retired, refused by new orders and lines, and brought back by a replacement", async () => {
    const { results } = await create(aSku("worn"));
    const worn = results[0]!.system_id!;
    const order = (name: string) =>
      network.orders.createOrders(
        { orders: [anOrder(name, { line_items: [aLine("worn")] })] },
        network.as("shop"),
      );
    const { results: orders } = await order("before");
    expect(orders[0]).toMatchObject({ status: "success" });
    const removed = await network.skus.deleteSkus({ ids: [worn] }, network.as("shop"));
    expect(removed.results).toMatchObject([{ system_id: worn, status: "success", outcome: "retired" }]);
    expect((await order("after")).results[0]).toMatchObject({
      code: "SKU_RETIRED",
      pointer: "/line_items/0/sku_customer_id",
    });
    const { sku } = await network.skus.getSku({ sku: worn }, network.as("shop"));
    expect(sku!.retired_at).not.toBe(null);
    await network.skus.updateSkus({ skus: [aSku("worn")] }, network.as("shop"));
    expect((await order("again")).results[0]).toMatchObject({ status: "success" });
  });

  it("that nothing was ever recorded of are deleted, and their name is free again", async () => {
    const { results } = await create(aSku("typo"));
    const typo = results[0]!.system_id!;
    const unknown = "01890000-0000-7000-8000-000000000000";
    const removed = await network.skus.deleteSkus({ ids: [typo, unknown] }, network.as("shop"));
    expect(removed.results).toMatchObject([{ outcome: "deleted" }, { code: "SKU_NOT_FOUND", outcome: null }]);
    await expect(network.skus.getSku({ sku: typo }, network.as("shop"))).rejects.toMatchObject({
      code: "SKU_NOT_FOUND",
    });
    expect(await eventsOf(typo)).toEqual(["waybill.sku.created.v1", "waybill.sku.deleted.v1"]);
    expect((await create(aSku("typo", { description: "new" }))).results[0]!.system_id).not.toBe(typo);
  });

  it("that stock was recorded of are in use", async () => {
    const stock = newStockCalls(network, "shop");
    const id = await stock.sku("stocked");
    await stock.facility("east");
    await stock.receive("stocked", 5);
    const { results } = await network.skus.deleteSkus({ ids: [id] }, network.as("shop"));
    expect(results).toMatchObject([{ outcome: "retired" }]);
  });

  it("that are deleted while orders take them are in those orders or gone, never both", async () => {
    const names = Array.from({ length: 12 }, (_, index) => `race-${index}`);
    const { results } = await create(...names.map((name) => aSku(name)));
    const ids = results.map(({ system_id }) => system_id!);
    const orders = names.map((name) => anOrder(name, { line_items: [aLine(name)] }));
    const [removed, ordered] = await Promise.all([
      Promise.all(ids.map((id) => network.skus.deleteSkus({ ids: [id] }, network.as("shop")))),
      Promise.all(
        orders.map((order) => network.orders.createOrders({ orders: [order] }, network.as("shop"))),
      ),
    ]);
    const outcomes = removed.map(({ results: [result] }) => result!.outcome);
    const taken = ordered.map(({ results: [result] }) => result!.status === "success");
    expect(outcomes.filter((outcome, index) => outcome === "deleted" && taken[index])).toEqual([]);
  });

  it("are counted and paged through, also as summaries", async () => {
    const names = Array.from({ length: 5 }, (_, index) => `page-${index}`);
    await network.skus.createSkus({ skus: names.map((name) => aSku(name)) }, network.as("pages"));
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const request = { id: [], cid: [], limit: 2, cursor, list_type: "summary", include_counts: true };
      const page: Awaited<ReturnType<typeof network.skus.listSkus>> = await network.skus.listSkus(
        request,
        network.as("pages"),
      );
      expect(page).toMatchObject({ total: 5, data: [] });
      seen.push(...page.summaries.map(({ customer_identifier }) => customer_identifier));
      cursor = page.next_cursor ?? null;
    } while (cursor !== null);
    expect(seen.toSorted()).toEqual(names);
  });

  it("are in a list of summaries what they are by themselves, whenever they were stored", async () => {
    const { results } = await create(aSku("sum", { description: "a cap", catalog_price: "7.5" }));
    const id = results[0]!.system_id!;
    const skus = network.lineItemsDb.collection<SkuDocument>("skus");
    await skus.updateOne({ _id: id }, { $unset: { retired_at: "", order_number: "" } });
    const { sku } = await network.skus.getSku({ sku: id }, network.as("shop"));
    const request = { id: [id], cid: [], list_type: "summary" };
    const { summaries } = await network.skus.listSkus(request, network.as("shop"));
    expect(summaries).toHaveLength(1);
    expect(summaries[0]).toMatchObject({ description: "a cap", order_number: null, retired_at: null });
    expect(sku).toMatchObject(summaries[0]!);
  });
});

async function eventsOf(id: string): Promise<string[]> {
  const rows = await network.lineItemsDb
    .collection("outbox")
    .find({ aggregate_id: id })
    .sort({ sequence: 1 })
    .toArray();
  return rows.map(({ type }) => type);
}
