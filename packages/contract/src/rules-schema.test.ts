import { LineItem, type PickFrom } from "@waybill/proto/line_items/v1/line_items.ts";
import { Sku } from "@waybill/proto/line_items/v1/skus.ts";
import { ListOrdersRequest, Order } from "@waybill/proto/orders/v1/orders.ts";
import { describe, expect, it, test } from "vitest";
import { descriptors } from "./descriptors.ts";
import { rulesSchema } from "./rules-schema.ts";
import { checkOf } from "./schema.ts";

const empty = new Uint8Array();
const uuid = "0189d1c2-7e4b-7000-8000-000000000000";
const longKey = "k".repeat(201);
const checkOrder = checkMessage("waybill.orders.v1.Order");
const checkSku = checkMessage("waybill.line_items.v1.Sku");
const checkStorefront = checkMessage("waybill.orders.v1.StorefrontOrder");
const checkList = checkMessage("waybill.orders.v1.ListOrdersRequest");

/** A check that answers `pointer CODE` for each wrong place. */
function checkMessage(message: string) {
  const check = checkOf(() => rulesSchema(descriptors.getMessage(message)!));
  return (value: object) => check(value).map(({ pointer, code }) => `${pointer} ${code}`);
}

function line(patch: Partial<LineItem>): LineItem {
  return { ...LineItem.decode(empty), sku_customer_id: "tea", quantity: 1, ...patch };
}

function order(patch: Partial<Order> = {}): Order {
  const filled = Object.fromEntries(
    ["name", "street_line_one", "city", "locale", "postal_code"].flatMap((field) => [
      [`shipping_address_${field}`, "x"],
      [`billing_address_${field}`, "x"],
    ]),
  );
  return {
    ...Order.decode(empty),
    ...filled,
    customer_identifier: "A-1",
    order_type: "customer",
    shipping_provider: "UPS",
    shipper_service_level: "ground",
    shipping_address_country_code: "US",
    billing_address_country_code: "DE",
    shipping_address_type: "residential",
    billing_address_type: "commercial",
    submitted_at: "2018-08-01T00:00:00Z",
    line_items: [line({})],
    ...patch,
  };
}

const lines = (...patches: Partial<LineItem>[]) => ({ line_items: patches.map(line) });
const picks = (...patches: Partial<PickFrom>[]) =>
  lines({
    pick_from: patches.map((patch) => ({
      match_type: "lot_number",
      match_value: ["L1"],
      match_style: "hard",
      ...patch,
    })),
  });
const localized = (entries: object) => ({ order_localization: entries as Record<string, string> });
const many = (count: number) => Array.from({ length: count }, (_, index) => String(index));

describe("an order that keeps the rules passes", () => {
  it.each<[what: string, patch: Partial<Order>]>([
    ["with what is required only", {}],
    ["at the upper bounds", { priority: 999, customer_identifier: "x".repeat(200) }],
    ["with 200 characters that take two UTF-16 units each", { customer_identifier: "😀".repeat(200) }],
    ["with the most services", { value_added_services: many(50) }],
    ["with the largest quantity", lines({ quantity: 9_999_999_999 })],
    ["with a constraint on stock", picks({})],
    ["with localized texts", localized({ a: "", "a/b": "x".repeat(500), ["k".repeat(200)]: "x" })],
    ["with an empty optional text", { gift_message: "", shipping_address_company: "" }],
    ["with policies", { backorder_policy: "partial_ship", routing_policy: "fastest" }],
  ])("%s", (_, patch) => expect(checkOrder(order(patch))).toEqual([]));
});

describe("an order that breaks a rule is refused at the place", () => {
  it.each<[what: string, patch: Partial<Order>, ...places: string[]]>([
    ["a required text is null", { customer_identifier: null }, "/customer_identifier REQUIRED"],
    ["a required text is empty", { order_type: "" }, "/order_type REQUIRED"],
    ["a required moment is null", { submitted_at: null }, "/submitted_at REQUIRED"],
    ["a text is too long", { customer_identifier: "x".repeat(201) }, "/customer_identifier OUT_OF_RANGE"],
    ["an optional text is too long", { gift_message: "x".repeat(2001) }, "/gift_message OUT_OF_RANGE"],
    ["a number is too small", { priority: 0 }, "/priority OUT_OF_RANGE"],
    ["a number is too large", { priority: 1000 }, "/priority OUT_OF_RANGE"],
    ["none of the allowed", { shipping_address_type: "house" }, "/shipping_address_type NOT_ALLOWED"],
    ["other capitals", { split_policy: "Allow_Splits" }, "/split_policy NOT_ALLOWED"],
    ["an empty policy", { backorder_policy: "" }, "/backorder_policy NOT_ALLOWED"],
    ["no such country", { billing_address_country_code: "ZZ" }, "/billing_address_country_code BAD_FORMAT"],
    ["no such day", { submitted_at: "2018-02-30T00:00:00Z" }, "/submitted_at BAD_FORMAT"],
    ["a list is too long", { value_added_services: many(51) }, "/value_added_services OUT_OF_RANGE"],
    ["an element is empty", { value_added_services: ["x", ""] }, "/value_added_services/1 REQUIRED"],
    [
      "an element is long",
      { value_added_services: [many(99).join()] },
      "/value_added_services/0 OUT_OF_RANGE",
    ],
    ["a required list is empty", { line_items: [] }, "/line_items REQUIRED"],
    ["too many lines", lines(...many(501).map(() => ({}))), "/line_items OUT_OF_RANGE"],
    [
      "a map is too large",
      localized(Object.fromEntries(many(51).entries())),
      "/order_localization OUT_OF_RANGE",
    ],
    [
      "a map's value is long",
      localized({ "a/b~c": "x".repeat(501) }),
      "/order_localization/a~1b~0c OUT_OF_RANGE",
    ],
    ["a map's key is empty", localized({ "": "x" }), "/order_localization/ UNKNOWN_KEY"],
    ["a map's key is long", localized({ [longKey]: "x" }), `/order_localization/${longKey} UNKNOWN_KEY`],
    ["a line has no quantity", lines({}, { quantity: null }), "/line_items/1/quantity REQUIRED"],
    ["a line has quantity 0", lines({ quantity: 0 }), "/line_items/0/quantity OUT_OF_RANGE"],
    ["a line has eleven digits", lines({ quantity: 10_000_000_000 }), "/line_items/0/quantity OUT_OF_RANGE"],
    ["a line's SKU is no UUID", lines({ sku_id: "7" }), "/line_items/0/sku_id BAD_FORMAT"],
    [
      "a constraint has no kind",
      picks({ match_type: null }),
      "/line_items/0/pick_from/0/match_type REQUIRED",
    ],
    ["another kind", picks({}, { match_type: "color" }), "/line_items/0/pick_from/1/match_type NOT_ALLOWED"],
    ["no values", picks({ match_value: [] }), "/line_items/0/pick_from/0/match_value REQUIRED"],
    ["no value", picks({ match_value: ["L1", ""] }), "/line_items/0/pick_from/0/match_value/1 REQUIRED"],
    ["texts of Waybill", { id: uuid, status: "" }, "/id UNKNOWN_KEY", "/status UNKNOWN_KEY"],
    ["numbers of Waybill", { order_nr: 1, version: 0 }, "/order_nr UNKNOWN_KEY", "/version UNKNOWN_KEY"],
    ["a list of Waybill", { references: ["CO/1"] }, "/references UNKNOWN_KEY"],
    ["a line's price", lines({ total_net_price: "1.0" }), "/line_items/0/total_net_price UNKNOWN_KEY"],
    ["several at once", { priority: 0, line_items: [] }, "/priority OUT_OF_RANGE", "/line_items REQUIRED"],
  ])("%s", (_, patch, ...places) => expect(checkOrder(order(patch))).toEqual(places));
});

test("of a SKU and of a query only what was sent is checked", () => {
  expect(checkSku(Sku.decode(empty))).toEqual(["/customer_identifier REQUIRED"]);
  expect(checkList(ListOrdersRequest.decode(empty))).toEqual([]);
});

describe("a SKU that breaks a rule is refused at the place", () => {
  it.each<[patch: Partial<Sku>, place: string]>([
    [{ base_units_per_unit: 0 }, "/base_units_per_unit OUT_OF_RANGE"],
    [{ price_units_per_unit: 10_000_000_000 }, "/price_units_per_unit OUT_OF_RANGE"],
    [{ catalog_price: "1,5" }, "/catalog_price BAD_FORMAT"],
    [{ catalog_price: "-1.0" }, "/catalog_price BAD_FORMAT"],
    [{ tax_rate: "19.000000000" }, "/tax_rate OUT_OF_RANGE"],
    [{ currency: "eur" }, "/currency BAD_FORMAT"],
    [{ release_at: "2018-08-01" }, "/release_at BAD_FORMAT"],
    [{ pick_style: "fifo" }, "/pick_style NOT_ALLOWED"],
    [{ references: ["", "x".repeat(201)] }, "/references/1 OUT_OF_RANGE"],
  ])("%j", (patch, place) =>
    expect(checkSku({ ...Sku.decode(empty), customer_identifier: "tea", ...patch })).toEqual([place]),
  );
});

describe("a query that breaks a rule is refused at the place", () => {
  it.each<[patch: Partial<ListOrdersRequest>, place: string]>([
    [{ id: [uuid, "7"] }, "/id/1 BAD_FORMAT"],
    [{ id: many(31).map(() => uuid) }, "/id OUT_OF_RANGE"],
    [{ cid: ["a", ""] }, "/cid/1 REQUIRED"],
    [{ limit: 0 }, "/limit OUT_OF_RANGE"],
    [{ limit: 101 }, "/limit OUT_OF_RANGE"],
    [{ offset: -1 }, "/offset OUT_OF_RANGE"],
    [{ list_type: "full" }, "/list_type NOT_ALLOWED"],
    [{ sdt: "yesterday" }, "/sdt BAD_FORMAT"],
  ])("%j", (patch, place) =>
    expect(checkList({ ...ListOrdersRequest.decode(empty), ...patch })).toEqual([place]),
  );
});

test("the canonical spelling takes the place of what was sent, at any depth", () => {
  const sent = order({
    submitted_at: "2018-08-01T02:00:00+02:00",
    line_items: [line({ sku_id: uuid.toUpperCase(), promised_delivery_date: "2018-08-02t00:00:00z" })],
  });
  expect(checkOrder(sent)).toEqual([]);
  expect(sent.submitted_at).toBe("2018-08-01T00:00:00.000Z");
  expect(sent.line_items[0]).toMatchObject({
    sku_id: uuid,
    promised_delivery_date: "2018-08-02T00:00:00.000Z",
  });
  const query = { ...ListOrdersRequest.decode(empty), id: [uuid.toUpperCase()] };
  expect(checkList(query)).toEqual([]);
  expect(query.id).toEqual([uuid]);
});

describe("a message that may be incomplete", () => {
  const told = (patch: Partial<Order>) =>
    checkStorefront({ storefront_id: 1, order: { ...Order.decode(empty), ...patch } });

  it("lacks what its own fields require, and keeps every other rule", () => {
    expect(told({})).toEqual([]);
    expect(told({ shipping_address_country_code: "XX", priority: 0, status: "open" })).toEqual([
      "/order/status UNKNOWN_KEY",
      "/order/priority OUT_OF_RANGE",
      "/order/shipping_address_country_code BAD_FORMAT",
    ]);
  });

  it("has complete elements in its lists", () => {
    expect(told(lines({ quantity: null }))).toEqual(["/order/line_items/0/quantity REQUIRED"]);
  });

  it("is required itself where it is", () => {
    expect(checkStorefront({ storefront_id: 1, order: null })).toEqual(["/order REQUIRED"]);
  });
});
