import { readFileSync } from "node:fs";
import { LineItem, OrderLines, type LineShort } from "@waybill/proto/line_items/v1/line_items.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";
import { OrderUpdate } from "@waybill/proto/orders/v1/order_requests.ts";
import { describe, expect, it, test } from "vitest";
import { followStock } from "./backorder.ts";
import { statuses } from "./legality.ts";
import { fromStored, type OrderDocument } from "./order.ts";
import { applyUpdate, lateRefusal, lock, statusRefusal, updateRefusal } from "./update.ts";

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

test("the guide tells of every status what becomes of an update and of a cancel", () => {
  const guide = readFileSync(new URL("../../../docs/updates-and-cancels.md", import.meta.url), "utf8");
  const rows = guide.split("\n").filter((line) => line.startsWith("| `"));
  const shown = rows.map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );
  const becomes = (status: string, move: "update" | "cancel") => {
    const refusal = statusRefusal(anOrder({ status }), move);
    return refusal === null ? "applies" : `fails: "${refusal.reason}"`;
  };
  const denied = `; where \`IN_PROCESS_CANCEL\` denies it, fails: "${lateRefusal(anOrder({ status: "inProcess" })).reason}"`;
  expect(shown).toEqual(
    statuses.map((status) => [
      `\`${status}\``,
      becomes(status, "update"),
      becomes(status, "cancel") + (status === "inProcess" ? denied : ""),
    ]),
  );
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

describe("an applied update", () => {
  const line = (id: string, quantity: number) => ({
    ...LineItem.decode(empty),
    id,
    sku_customer_id: id,
    quantity,
  });
  const record = { ...OrderUpdate.decode(empty), customer_identifier: "A-1", gift_message: "new" };
  const locked = (change: Partial<OrderDocument>) => anOrder({ changing: "request-1", ...change });
  const short = (order_line_item_id: string, quantity: number) => {
    return { order_line_item_id, sku_customer_id: order_line_item_id, quantity, reason: "damage" };
  };
  const apply = (order: OrderDocument, quantity: number, shorts: LineShort[] = []) =>
    applyUpdate(
      order,
      { _id: "request-1", record },
      {
        lines: { ...OrderLines.decode(empty), line_items: [line("hat", quantity)], lines_revision: 5 },
        backordered: false,
        shorts,
      },
      { cancelsInProcess: true },
    );
  const typesOf = ({ events }: ReturnType<typeof apply>) => events.map(({ type }) => type.split(".")[2]);

  it("keeps what only Waybill sets, and tells the topics of the order as it now is", () => {
    const order = locked({
      order_nr: 1_000_000_001,
      references: ["CO/ABCDEF"],
      created_at: "2024-05-01T00:00:00.000Z",
    });
    const { state, events } = apply(order, 2);
    const { order_nr, references, created_at, status_sequence, fingerprint } = order;
    expect(state).toMatchObject({
      order_nr,
      references,
      created_at,
      status_sequence,
      gift_message: "new",
      priority: 100,
    });
    expect(state.fingerprint).toBe(fingerprint);
    expect(events).toMatchObject([
      { type: "waybill.order.updated.v1", data: { line_items: [{ id: "hat", quantity: 2 }] } },
    ]);
  });

  it("tells of units that could not be had, and nobody tells it before", () => {
    const given = [{ order_line_item_id: "hat", sku_customer_id: "hat", sku_id: "sku", quantity: 1 }];
    const first = apply(locked({}), 2, given);
    expect(typesOf(first)).toEqual(["shorted", "updated"]);
    expect(first.state.shorts).toMatchObject([{ quantity: 1, reason: "insufficient_inventory" }]);
    const facts = { backordered: true, shorts: given, linesRevision: 5, lineIds: ["hat"] };
    expect(followStock(locked({}), { ...facts, cause: "replaced" })).toMatchObject({ events: [] });
    expect(followStock(locked({}), { ...facts, cause: "patched" }).state.shorts).toHaveLength(1);
  });

  it("tells of them also when a later event about the lines came first, which it leaves standing", () => {
    const given = [{ order_line_item_id: "hat", sku_customer_id: "hat", sku_id: "sku", quantity: 1 }];
    const ahead = apply(locked({ backordered: true, stock_revision: 6 }), 2, given);
    expect(typesOf(ahead)).toEqual(["shorted", "updated"]);
    expect(ahead.state).toMatchObject({ shorts: [{ quantity: 1 }], backordered: true, stock_revision: 6 });
  });

  it("cancels an order of whose new lines nothing is left to ship", () => {
    const atWarehouse = locked({ status: "atWarehouse", shorts: [short("hat", 2)] });
    const counted = apply(atWarehouse, 2);
    expect(counted.state).toMatchObject({ status: "canceled", status_sequence: 10 });
    expect(typesOf(counted)).toEqual(["canceled", "updated"]);
    expect(counted.events[0]!.data).toMatchObject({ status: "canceled", movements: [] });

    const given = [{ order_line_item_id: "hat", sku_customer_id: "hat", sku_id: "sku", quantity: 2 }];
    const open = apply(locked({}), 2, given);
    expect(open.state).toMatchObject({ status: "canceled", line_counts: [{ shorted: 2, outstanding: 0 }] });
    expect(open.events[0]!.data).toMatchObject({ movements: [{ kind: "shorted", quantity: 2 }] });
  });

  it("is not there without the lock", () => {
    expect(() => apply(anOrder(), 1)).toThrow("lock");
  });
});
