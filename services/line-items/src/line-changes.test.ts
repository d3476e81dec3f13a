import { DomainError } from "@waybill/errors/domain-error.ts";
import { LineItem, OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import {
  ConfirmLineItemRequest,
  NewOrderLineItem,
  OrderLineItemChange,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { describe, expect, it, test } from "vitest";
import { addLine, confirmLine, patchLine, removeLine } from "./line-changes.ts";
import type { KnownSkus } from "./line.ts";
import { createOrderLines, seal, type OrderLinesDocument } from "./order-lines.ts";
import { createSku, type SkuDocument } from "./sku.ts";

const empty = new Uint8Array();
const now = "2024-05-01T00:00:00.000Z";
const later = "2024-05-02T00:00:00.000Z";
const pallet = sku("sku-pallet", {
  customer_identifier: "pallet",
  unit: "pallet",
  base_unit: "sheet",
  base_units_per_unit: 127_500,
  price_units_per_unit: 15,
  catalog_price: "503.02",
});
const tea = sku("sku-tea", { customer_identifier: "tea", catalog_price: "24.99", tax_rate: "10.75" });
const retired = { ...sku("sku-old", { customer_identifier: "old" }), retired_at: now };
const all = [pallet, tea, retired];
const known: KnownSkus = {
  byId: new Map(all.map((document) => [document._id, document])),
  byCustomerIdentifier: new Map(all.map((document) => [document.customer_identifier, document])),
};

function sku(id: string, record: Partial<Sku>): SkuDocument {
  return createSku({ ...Sku.decode(empty), ...record }, { id, tenantId: "acme", fingerprint: "", now }).state;
}

/** The lines of an order, as `changeAggregate` gives them to a rule. */
function lines(...names: Partial<LineItem>[]): OrderLinesDocument {
  const line_items = names.map((line) => ({ ...LineItem.decode(empty), quantity: 1, ...line }));
  const line_ids = names.map((_, index) => `line-${index}`);
  const request = { ...OrderLines.decode(empty), order_id: "order-1", line_items, line_ids };
  return { ...createOrderLines("acme", request, known, now), version: 2, updated_at: later };
}

const change = (fields: Partial<OrderLineItemChange>, if_match: string | null = null) => ({
  order_line_item: { ...OrderLineItemChange.decode(empty), ...fields },
  update_mask: Object.keys(fields),
  if_match,
});
const patch = (document: OrderLinesDocument, ...args: Parameters<typeof change>) =>
  patchLine(document, "line-0", change(...args), known);
const add = (document: OrderLinesDocument, fields: Partial<NewOrderLineItem>) =>
  addLine(document, { ...NewOrderLineItem.decode(empty), amount: 1, ...fields }, "line-new", known);
const confirm = (document: OrderLinesDocument, fields: Partial<ConfirmLineItemRequest>) =>
  confirmLine(document, { ...ConfirmLineItemRequest.decode(empty), order_line_item_id: "line-0", ...fields });

function refusalOf(decide: () => unknown): DomainError {
  try {
    decide();
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
  throw new Error("it was not refused");
}

test("the document's line: 1 pallet is 127500 sheets at 7545.3, 10 are 1275000 at 75453.0", () => {
  const { state } = add(lines({ sku_id: "sku-tea" }), { sku_id: "sku-pallet" });
  expect(state.lines[1]).toMatchObject({ amount_in_base_unit: 127_500, total_net_price: "7545.3" });
  const { state: more } = patchLine(
    { ...state, updated_at: later },
    "line-new",
    change({ amount: 10 }),
    known,
  );
  expect(more.lines[1]).toMatchObject({
    quantity: 10,
    amount_in_base_unit: 1_275_000,
    total_net_price: "75453.0",
    uom_quantity_outstanding: 10,
    version: 2,
    updated_at: later,
  });
});

describe("a patch", () => {
  it("changes what it names, and leaves the rest", () => {
    const document = lines({
      sku_id: "sku-tea",
      quantity: 2,
      promised_delivery_date: now,
      estimated_delivery_date: now,
    });
    const { state, events } = patch(document, { promised_delivery_date: null, amount: 1 });
    expect(state.lines[0]).toMatchObject({
      quantity: 1,
      promised_delivery_date: null,
      estimated_delivery_date: now,
      total_net_price: "24.99",
      taxes: "2.69",
      total_gross_price: "27.68",
    });
    expect(events).toMatchObject([{ data: { cause: "patched", lines_revision: 2 } }]);
  });

  it("that changes nothing is no event and no revision", () => {
    const document = lines({ sku_id: "sku-tea", quantity: 2 });
    expect(patch(document, { amount: 2 })).toEqual({ state: document, events: [] });
    expect(patch(document, {})).toEqual({ state: document, events: [] });
  });

  it("to another SKU brings its text and price, and takes away what was confirmed", () => {
    const confirmed = confirm(lines({ sku_id: "sku-tea" }), {
      confirmed_price: "1.0",
      confirmed_delivery_at: now,
    });
    const { state } = patch(confirmed.state, { sku_id: "sku-pallet" });
    expect(state.lines[0]).toMatchObject({
      id: "line-0",
      sku_id: "sku-pallet",
      sku_customer_id: "pallet",
      unit: "pallet",
      amount_in_base_unit: 127_500,
      confirmed_price: null,
      confirmed_delivery_at: null,
      total_net_price: "7545.3",
      taxes: null,
    });
  });

  it("with another pick_from replaces it", () => {
    const pick_from = [{ match_type: "lot_number", match_value: ["L1"], match_style: "hard" }];
    const { state } = patch(lines({ sku_id: "sku-tea" }), { pick_from });
    expect(state.lines[0]!.pick_from).toEqual(pick_from);
    expect(patch(state, { pick_from: [] }).state.lines[0]!.pick_from).toEqual([]);
  });

  it.each<[what: string, fields: Partial<OrderLineItemChange>, code: string, place: string]>([
    ["clears the amount", { amount: null }, "REQUIRED", "amount"],
    ["clears the SKU", { sku_id: null }, "REQUIRED", "sku_id"],
    ["names an unknown SKU", { sku_id: "sku-none" }, "SKU_NOT_FOUND", "sku_id"],
    ["names a retired SKU", { sku_id: "sku-old" }, "SKU_RETIRED", "sku_id"],
    [
      "asks for too many base units",
      { sku_id: "sku-pallet", amount: 9_999_999_999 },
      "OUT_OF_RANGE",
      "amount",
    ],
  ])("that %s is refused at its place", (_, fields, code, place) => {
    const { violations } = refusalOf(() => patch(lines({ sku_id: "sku-tea" }), fields));
    expect(violations).toMatchObject([{ code, pointer: `/order_line_item/${place}` }]);
  });

  it("with If-Match changes only the version that it names", () => {
    const document = lines({ sku_id: "sku-tea" });
    expect(patch(document, { amount: 3 }, '"1"').state.lines[0]!.quantity).toBe(3);
    expect(refusalOf(() => patch(document, { amount: 3 }, '"2"')).code).toBe("PRECONDITION_FAILED");
    expect(patch(document, { amount: 3 }, "*").state.lines[0]!.quantity).toBe(3);
  });
});

describe("an added line", () => {
  it("comes last, by the SKU's id or the merchant's name, with its dates", () => {
    const { state, events } = add(lines({ sku_id: "sku-tea" }), {
      sku_customer_id: "tea",
      promised_delivery_date: now,
    });
    expect(state.lines[1]).toMatchObject({ id: "line-new", sku_id: "sku-tea", promised_delivery_date: now });
    expect(events).toMatchObject([{ data: { cause: "added", lines: [{}, { id: "line-new" }] } }]);
  });

  it("of an unknown SKU makes the body wrong, it is nothing that was not found", () => {
    const refusal = refusalOf(() => add(lines({ sku_id: "sku-tea" }), { sku_customer_id: "none" }));
    expect(refusal).toMatchObject({
      code: "INVALID_REQUEST",
      violations: [{ code: "SKU_NOT_FOUND", pointer: "/order_line_item/sku_customer_id" }],
    });
  });

  it("is refused where the order has 500", () => {
    const full = lines(...Array.from({ length: 500 }, () => ({ sku_id: "sku-tea" })));
    expect(refusalOf(() => add(full, { sku_id: "sku-tea" })).code).toBe("RECORD_TOO_LARGE");
  });
});

describe("a removed line", () => {
  it("is gone, and the others stay", () => {
    const { state, events } = removeLine(
      lines({ sku_id: "sku-tea" }, { sku_id: "sku-pallet" }),
      "line-0",
      null,
    );
    expect(state.lines.map(({ id }) => id)).toEqual(["line-1"]);
    expect(events).toMatchObject([{ data: { cause: "deleted", lines: [{ id: "line-1" }] } }]);
  });

  it("is not the last one, and has the version that If-Match names", () => {
    expect(refusalOf(() => removeLine(lines({ sku_id: "sku-tea" }), "line-0", null)).code).toBe("LAST_LINE");
    const two = lines({ sku_id: "sku-tea" }, { sku_id: "sku-tea" });
    expect(refusalOf(() => removeLine(two, "line-0", '"9"')).code).toBe("PRECONDITION_FAILED");
  });
});

describe("what a supplier confirms", () => {
  it("sets the price of the line, whatever the order's status", () => {
    const sealed = seal(lines({ sku_id: "sku-tea", quantity: 10_000 })).state;
    const { state, events } = confirm(sealed, { confirmed_price: "22.42" });
    expect(state.lines[0]).toMatchObject({
      catalog_price: "24.99",
      confirmed_price: "22.42",
      confirmed_delivery_at: null,
      total_net_price: "224200.0",
    });
    expect(events).toMatchObject([{ data: { cause: "confirmed" } }]);
    const both = confirm(state, { confirmed_delivery_at: later }).state;
    expect(both.lines[0]).toMatchObject({ confirmed_price: "22.42", confirmed_delivery_at: later });
    expect(confirm(both, { confirmed_price: "22.42" }).events).toEqual([]);
  });
});

describe("lines whose order has left open", () => {
  const sealed = seal(lines({ sku_id: "sku-tea" }, { sku_id: "sku-tea" })).state;

  it.each<[what: string, decide: () => unknown]>([
    ["gain none", () => add(sealed, { sku_id: "sku-tea" })],
    ["are not patched", () => patch(sealed, { amount: 2 })],
    ["are not removed", () => removeLine(sealed, "line-0", null)],
  ])("%s", (_, decide) => expect(refusalOf(decide).code).toBe("LINES_CLOSED"));
});
