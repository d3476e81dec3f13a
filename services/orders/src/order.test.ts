import { LineItem, type OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";
import { describe, expect, it, test } from "vitest";
import { createOrder, recordRefusal, toOrder } from "./order.ts";
import { toSummary } from "./order-view.ts";

const empty = new Uint8Array();
const FACTS = { cancelsInProcess: true };
const now = "2024-05-01T00:00:00.000Z";
const lineItems = ["tea", "paper"].map((name, index) => {
  return { ...LineItem.decode(empty), sku_customer_id: name, quantity: 9_999_999_999 - index };
});

function record(patch: Partial<Order> = {}): Order {
  return {
    ...Order.decode(empty),
    customer_identifier: "A-1",
    order_type: "customer",
    submitted_at: now,
    line_items: lineItems,
    order_localization: { greeting: "hello" },
    ...patch,
  };
}

function create(patch: Partial<Order> = {}) {
  const candidate = {
    id: "order-1",
    customerIdentifier: "A-1",
    fingerprint: "mark",
    record: record(patch),
    lineIds: ["line-1", "line-2"],
    reference: "CO/ABCDEF",
    traceparent: "",
  };
  return createOrder(candidate, { tenantId: "acme", orderNr: 1_000_000_007, now });
}

const lines: OrderLines = {
  order_id: "order-1",
  line_items: lineItems.map((line, index) => ({ ...line, id: `line-${index + 1}` })),
  line_ids: [],
  lines_revision: 1,
};

test("what was left out gets the defaults", () => {
  expect(create().state).toMatchObject({
    status: "open",
    priority: 100,
    backorder_policy: "backorder",
    routing_policy: "least_cost",
    split_policy: "minimize_splits",
  });
});

test("what was sent stays as it was sent", () => {
  const sent = {
    priority: 1,
    backorder_policy: "cancel_shorts",
    routing_policy: "specific_facility",
    split_policy: "allow_splits",
    value_added_services: ["gift wrap"],
    order_localization: { greeting: "", farewell: "bye" },
  };
  expect(create(sent).state).toMatchObject(sent);
});

test("a new order has the number, the times and the reference that it is given", () => {
  expect(create().state).toMatchObject({
    order_nr: 1_000_000_007,
    created_at: now,
    updated_at: now,
    fingerprint: "mark",
    references: ["CO/ABCDEF"],
  });
});

test("an order is stored under its id, without its lines, which line-items owns", () => {
  const { state } = create();
  expect(state).toMatchObject({ _id: "order-1", tenant_id: "acme", customer_identifier: "A-1" });
  expect(state).not.toHaveProperty("id");
  expect(state).not.toHaveProperty("line_items");
});

test("its creation is one event, which is the order as REST shows it", () => {
  const { state, events } = create();
  expect(events).toHaveLength(1);
  expect(events[0]).toMatchObject({ topic: "waybill.orders.v1", type: "waybill.order.created.v1" });
  const view = toOrder({ ...state, version: 1, sequence: 1 }, lines, FACTS);
  expect(JSON.stringify(events[0]!.data)).toBe(JSON.stringify(view));
});

test("the order and its event show every field, and nothing that is Waybill's own", () => {
  const fields = Object.keys(Order.decode(empty));
  const { state, events } = create();
  expect(Object.keys(toOrder(state, lines, FACTS)).sort()).toEqual(fields.toSorted());
  expect(Object.keys(events[0]!.data).sort()).toEqual(fields.toSorted());
});

test("an event shows the lines under the ids that they have", () => {
  expect(create().events[0]!.data).toMatchObject({
    id: "order-1",
    version: 1,
    lines_revision: 1,
    line_items: [
      { id: "line-1", sku_customer_id: "tea" },
      { id: "line-2", sku_customer_id: "paper" },
    ],
  });
});

test("the record of a candidate stays as it was, so that it can be tried again", () => {
  const sent = record();
  const copy = structuredClone(sent);
  createOrder(
    {
      id: "o",
      customerIdentifier: "A-1",
      fingerprint: "",
      record: sent,
      lineIds: ["a", "b"],
      reference: "CO/ABCDEF",
      traceparent: "",
    },
    { tenantId: "acme", orderNr: 1, now },
  );
  expect(sent).toEqual(copy);
});

test("an order that was stored before a field existed shows that field as null", () => {
  const { gift_message: _absent, ...old } = create().state;
  expect(toOrder(old, lines, FACTS)).toHaveProperty("gift_message", null);
});

test("a summary shows what its lines add up to", () => {
  const totals = { order_id: "order-1", line_items_count: 2, total_quantity: 19_999_999_997 };
  expect(toSummary(create().state, totals)).toEqual({
    id: "order-1",
    order_nr: 1_000_000_007,
    customer_identifier: "A-1",
    status: "open",
    substatus: null,
    order_type: "customer",
    priority: 100,
    submitted_at: now,
    created_at: now,
    updated_at: now,
    line_items_count: 2,
    total_quantity: 19_999_999_997,
    has_shipments: false,
  });
});

describe("partial_ship needs more than a single_shipment", () => {
  it("together they are refused, at the policy to change", () => {
    const refusal = recordRefusal(
      record({ backorder_policy: "partial_ship", split_policy: "single_shipment" }),
    );
    expect(refusal).toMatchObject({
      code: "POLICIES_CONTRADICT",
      violations: [{ pointer: "/split_policy", code: "POLICIES_CONTRADICT" }],
    });
  });

  it.each([
    ["partial_ship", null],
    ["partial_ship", "minimize_splits"],
    ["partial_ship", "allow_splits"],
    ["backorder", "single_shipment"],
    ["cancel_shorts", "single_shipment"],
    [null, "single_shipment"],
    [null, null],
  ])("%s with %s is fine", (backorder_policy, split_policy) =>
    expect(recordRefusal(record({ backorder_policy, split_policy }))).toBeNull(),
  );
});
