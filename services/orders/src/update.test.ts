import { Order } from "@waybill/proto/orders/v1/orders.ts";
import { OrderUpdate } from "@waybill/proto/orders/v1/order_requests.ts";
import { describe, expect, it, test } from "vitest";
import { fromStored, type OrderDocument } from "./order.ts";
import { lock, statusRefusal, updateRefusal } from "./update.ts";

const empty = new Uint8Array();

function anOrder(change: Partial<OrderDocument> = {}): OrderDocument {
  const stored = { _id: "order-1", tenant_id: "acme", version: 7, sequence: 9, status: "open" };
  return fromStored({ ...stored, status_sequence: 4, ...change } as OrderDocument);
}

describe("a request that the order's status forbids is told why, and by which event", () => {
  it.each([
    ["open", null],
    ["atWarehouse", null],
    ["inProcess", null],
    ["packed", "Order already packed"],
    ["fulfilled", "Order already shipped"],
    ["delivered", "Order already delivered"],
    ["canceled", "Order already canceled"],
  ])("%s: %s", (status, reason) => {
    const refusal = reason === null ? null : { code: "STATUS_FORBIDS", reason, pointer: null, lostTo: 4 };
    expect(statusRefusal(anOrder({ status }), "update")).toEqual(refusal);
    expect(statusRefusal(anOrder({ status }), "cancel")).toEqual(refusal);
  });

  test("also while another update has it locked: that is for later", () => {
    expect(statusRefusal(anOrder({ changing: "another" }), "cancel")).toBeNull();
    expect(statusRefusal(anOrder({ changing: "another", status: "packed" }), "cancel")).not.toBeNull();
  });
});

describe("base_version", () => {
  const refusalOf = (base_version: number | null, change: Partial<OrderDocument> = {}) =>
    updateRefusal(anOrder(change), { _id: "request-1", base_version });

  it.each([
    ["none", null, null],
    ["the order's own", 7, null],
    ["an older one", 6, { code: "CONFLICT", pointer: "/base_version", lostTo: 9 }],
    ["one that is not there yet", 8, { code: "CONFLICT", pointer: "/base_version", lostTo: null }],
  ])("%s", (_, base, refusal) => {
    if (refusal === null) expect(refusalOf(base)).toBeNull();
    else expect(refusalOf(base)).toMatchObject(refusal);
  });

  it("was checked before the lock, whose write it does not meet", () => {
    expect(refusalOf(7, { version: 8, changing: "request-1" })).toBeNull();
  });

  it("matters less than the status", () => {
    expect(refusalOf(6, { status: "packed" })).toMatchObject({ reason: "Order already packed" });
  });
});

describe("the lock of an update", () => {
  it("is that of one request; taking it again changes nothing", () => {
    const locked = lock(anOrder(), "request-1");
    expect(locked).toEqual({ state: anOrder({ changing: "request-1" }), events: [] });
    expect(lock(locked.state, "request-1")).toEqual(locked);
    expect(() => lock(locked.state, "request-2")).toThrowError(
      expect.objectContaining({ code: "ORDER_CHANGING" }),
    );
  });
});

test("a record of an update has the fields that a record of an order has, and base_version", () => {
  const ofUpdate = Object.keys(OrderUpdate.decode(empty)).filter((field) => field !== "base_version");
  const ofOrder = Object.keys(Order.decode(empty));
  expect(ofUpdate.filter((field) => !ofOrder.includes(field))).toEqual([]);
});
