import { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { describe, expect, it } from "vitest";
import { createSkuCache } from "./sku-cache.ts";
import { createSku } from "./sku.ts";

const sku = (id: string, name = id, tenantId = "acme") =>
  createSku(
    { ...Sku.decode(new Uint8Array()), customer_identifier: name },
    { id, tenantId, fingerprint: "", now: "2026-01-01T00:00:00.000Z" },
  ).state;

describe("the cache of SKUs", () => {
  it("finds a SKU by id, by name, and by both if they agree", () => {
    const cache = createSkuCache(2);
    const tea = sku("1", "tea");
    cache.put([tea]);
    expect(cache.find("acme", { sku_id: "1" })).toBe(tea);
    expect(cache.find("acme", { sku_customer_id: "tea" })).toBe(tea);
    expect(cache.find("acme", { sku_id: "1", sku_customer_id: "tea" })).toBe(tea);
    expect(cache.find("acme", { sku_id: "1", sku_customer_id: "cup" })).toBe(undefined);
  });

  it("knows nothing of another tenant's", () => {
    const cache = createSkuCache(2);
    cache.put([sku("1", "tea")]);
    expect(cache.find("other", { sku_id: "1" })).toBe(undefined);
    expect(cache.find("other", { sku_customer_id: "tea" })).toBe(undefined);
  });

  it("keeps those that were named last", () => {
    const cache = createSkuCache(2);
    cache.put([sku("1"), sku("2")]);
    cache.find("acme", { sku_id: "1" });
    cache.put([sku("3")]);
    const known = ["1", "2", "3"].filter((id) => cache.find("acme", { sku_customer_id: id }));
    expect(known).toEqual(["1", "3"]);
  });

  it("forgets the old name of a SKU that has another one", () => {
    const cache = createSkuCache(2);
    cache.put([sku("1", "tea")]);
    cache.put([sku("1", "cup")]);
    expect(cache.find("acme", { sku_customer_id: "tea" })).toBe(undefined);
    expect(cache.find("acme", { sku_customer_id: "cup" })).toMatchObject({ _id: "1" });
  });
});
