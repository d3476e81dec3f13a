import { Dimensions, Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { describe, expect, it, test } from "vitest";
import { createSku, removeSku, replaceSku, toSku, type SkuDocument } from "./sku.ts";

const empty = new Uint8Array();
const now = "2024-05-01T00:00:00.000Z";
const later = "2024-05-02T00:00:00.000Z";
const record = (fields: Partial<Sku>): Sku => ({
  ...Sku.decode(empty),
  customer_identifier: "tea",
  ...fields,
});
const create = (fields: Partial<Sku>) =>
  createSku(record(fields), { id: "sku-tea", tenantId: "acme", fingerprint: "first", now });

/** A stored SKU, as a change gets it. */
function stored(fields: Partial<Sku>, facts: Partial<SkuDocument> = {}): SkuDocument {
  return { ...create(fields).state, version: 2, updated_at: later, ...facts };
}

test("what a record leaves out gets its default", () => {
  expect(create({ unit: "pallet" }).state).toMatchObject({
    unit: "pallet",
    base_unit: "pallet",
    base_units_per_unit: 1,
    price_units_per_unit: 1,
    currency: "EUR",
    pick_style: "FIFO",
    catalog_price: null,
    tax_rate: null,
    dimensions: null,
    retired_at: null,
  });
});

test("dimensions have their units", () => {
  const dimensions = { ...Dimensions.decode(empty), length: "920.0", width: "650.0", weight: "584.545" };
  expect(create({ dimensions }).state.dimensions).toEqual({
    length: "920.0",
    width: "650.0",
    height: null,
    length_unit: "mm",
    weight: "584.545",
    weight_unit: "kg",
  });
});

describe("replacing a SKU", () => {
  it("clears what the record leaves out, and keeps id, creation and use", () => {
    const before = stored({ description: "Tea", catalog_price: "1.0", tax_rate: "7.0" }, { used: true });
    const { state, events } = replaceSku(before, record({ catalog_price: "2.0" }), "second");
    expect(state).toMatchObject({
      _id: "sku-tea",
      catalog_price: "2.0",
      description: null,
      tax_rate: null,
      created_at: now,
      updated_at: later,
      used: true,
      fingerprint: "second",
    });
    expect(events).toMatchObject([{ type: "waybill.sku.updated.v1", data: toSku(state) }]);
  });

  it("by the same content changes nothing", () => {
    const before = stored({ description: "Tea" });
    expect(replaceSku(before, record({ description: "Tea" }), "first")).toEqual({
      state: before,
      events: [],
    });
  });

  it("that was retired brings it back, also by the same content", () => {
    const { state, events } = replaceSku(stored({}, { used: true, retired_at: now }), record({}), "first");
    expect(state.retired_at).toBe(null);
    expect(events).toHaveLength(1);
  });
});

describe("taking a SKU out of use", () => {
  it("retires one that a line or stock was recorded of, once", () => {
    const { removal, decision } = removeSku(stored({}, { used: true }));
    expect(removal).toBe("retired");
    expect(decision.state.retired_at).toBe(later);
    expect(decision.events).toMatchObject([{ type: "waybill.sku.retired.v1", data: { retired_at: later } }]);
    expect(removeSku(decision.state)).toEqual({
      removal: "retired",
      decision: { state: decision.state, events: [] },
    });
  });

  it("deletes any other, and tells it", () => {
    const { removal, decision } = removeSku(stored({}));
    expect(removal).toBe("deleted");
    expect(decision.events).toMatchObject([{ type: "waybill.sku.deleted.v1", data: { id: "sku-tea" } }]);
  });
});
