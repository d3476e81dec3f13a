import { startTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aSku } from "@waybill/dev-env/records.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
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
});
