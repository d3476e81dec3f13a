import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import type { OrderDocument } from "./order.ts";
import { followReturn, openReturn, settleUnits, type Outcome, type ReturnChange } from "./return.ts";

const NOW = "2026-01-01T00:00:00.000Z";

function count(id: string, sku_customer_id: string, fulfilled: number): LineCount {
  return {
    id,
    sku_customer_id,
    sku_id: sku_customer_id,
    ordered: fulfilled + 1,
    outstanding: 1,
    fulfilled,
    shorted: 0,
    canceled: 0,
    returning: 0,
    returned: 0,
    in_process: 0,
    packed: 0,
  };
}

const shipped = {
  _id: "order",
  tenant_id: "shop",
  version: 5,
  sequence: 5,
  updated_at: NOW,
  customer_identifier: "129374",
  status: "packed",
  changing: null,
  hold: null,
  shipments: [],
  line_counts: [count("line-1", "shirt", 3), count("line-2", "hat", 1), count("line-3", "shirt", 2)],
} as unknown as OrderDocument;

const ask = (sku_customer_id: string, quantity: number, grouping_id: number | null = null) => ({
  sku_customer_id,
  quantity,
  grouping_id,
});
const openedFor = (...items: ReturnType<typeof ask>[]) =>
  openReturn(shipped, { items, reason: "too small" }, "return");

describe("asking for a return", () => {
  it("puts shipped units on their way back, over several lines, in one event of the order", () => {
    const change = openedFor(ask("shirt", 4), ask("hat", 1, 7));
    const { state, events } = followReturn(shipped, change);
    expect(state.line_counts.map(({ fulfilled, returning }) => [fulfilled, returning])).toEqual([
      [3, 3],
      [1, 1],
      [2, 1],
    ]);
    expect(events).toMatchObject([
      {
        topic: "waybill.orders.v1",
        type: "waybill.return.created.v1",
        data: {
          return: {
            id: "return",
            order_id: "order",
            status: "open",
            reason: "too small",
            items: [{}, {}, {}],
          },
          movements: [
            { order_line_item_id: "line-1", kind: "returning", quantity: 3 },
            { order_line_item_id: "line-3", kind: "returning", quantity: 1 },
            { order_line_item_id: "line-2", kind: "returning", quantity: 1, grouping_id: 7 },
          ],
        },
      },
    ]);
    expect(events[0]!.messageType).toBeUndefined();
  });

  it("for more than was shipped is refused with its place, what is on its way back included", () => {
    const refusal = {
      code: "QUANTITY_EXCEEDED",
      violations: [expect.objectContaining({ pointer: "/return/items/0/quantity" })],
    };
    expect(() => openedFor(ask("shirt", 6))).toThrow(expect.objectContaining(refusal));
    const order = followReturn(shipped, openedFor(ask("shirt", 4))).state;
    expect(() => openReturn(order, { items: [ask("shirt", 2)] }, "second")).toThrow(
      expect.objectContaining(refusal),
    );
  });

  it.each(["open", "atWarehouse", "inProcess", "canceled"])("of an order that is %s is refused", (status) => {
    expect(() => openReturn({ ...shipped, status }, { items: [ask("hat", 1)] }, "return")).toThrow(
      `the order is ${status}: return is not allowed`,
    );
  });
});

describe("a return", () => {
  const open = openedFor(ask("shirt", 4), ask("hat", 1)).state;
  const all: Outcome[] = ["received", "rejected", "canceled"];

  it("is received line by line and in parts, and open until nothing is expected", () => {
    const part = settleUnits(open, "received", [ask("shirt", 2)]).state;
    expect([part.status, part.items[0]]).toMatchObject(["open", { received: 2 }]);
    expect(settleUnits(part, "received", []).state.status).toBe("received");
  });

  it("takes no more than is expected", () => {
    const part = settleUnits(open, "received", [ask("shirt", 2)]).state;
    for (const outcome of all) {
      expect(() => settleUnits(part, outcome, [ask("shirt", 3)])).toThrow(
        expect.objectContaining({
          code: "QUANTITY_EXCEEDED",
          violations: [expect.objectContaining({ pointer: "/items/0/quantity" })],
        }),
      );
    }
    expect(() => settleUnits(open, "received", [ask("sock", 1)])).toThrow(
      expect.objectContaining({ code: "LINE_NOT_FOUND" }),
    );
  });

  it.each<[[Outcome, Outcome], string]>([
    [["received", "received"], "received"],
    [["rejected", "rejected"], "rejected"],
    [["canceled", "canceled"], "canceled"],
    [["canceled", "received"], "received"],
    [["rejected", "received"], "received"],
    [["canceled", "rejected"], "rejected"],
  ])("of which units were %j is %s, and then closed", (outcomes, status) => {
    const part = settleUnits(open, outcomes[0], [ask("hat", 1)]).state;
    const closed = settleUnits(part, outcomes[1], []).state;
    expect(closed.status).toBe(status);
    for (const outcome of all) {
      expect(() => settleUnits(closed, outcome, [])).toThrow(`the return is ${status}`);
    }
  });

  it.each<[Outcome, string]>([
    ["received", "returned"],
    ["rejected", "return_canceled"],
    ["canceled", "return_canceled"],
  ])("%s moves its units as %s, for the grouping that it named", (outcome, kind) => {
    const { state } = openedFor(ask("hat", 1, 7));
    const { events } = followReturn(shipped, settleUnits(state, outcome, []));
    expect(events).toMatchObject([
      {
        type: `waybill.return.${outcome}.v1`,
        data: { movements: [{ order_line_item_id: "line-2", kind, quantity: 1, grouping_id: 7 }] },
      },
    ]);
  });
});

test("whatever becomes of returns, no line has more units on their way back or back than were shipped", () => {
  const item = fc
    .tuple(fc.constantFrom("shirt", "hat"), fc.integer({ min: 1, max: 3 }))
    .map(([sku, n]) => ask(sku, n));
  const step = fc.tuple(
    fc.constantFrom("open", "received", "rejected", "canceled"),
    fc.array(item, { maxLength: 2 }),
    fc.nat(2),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      let order = shipped;
      const returns: ReturnChange["state"][] = [];
      for (const [what, items, at] of steps) {
        try {
          const index = what === "open" ? returns.length : at % Math.max(1, returns.length);
          const change =
            what === "open"
              ? openReturn(order, { items: items.slice(0, 2) }, `return-${index}`)
              : settleUnits(returns[index]!, what as Outcome, items);
          order = followReturn(order, change).state;
          returns[index] = change.state;
        } catch {
          continue;
        }
        for (const line of order.line_counts) {
          const items = returns
            .flatMap((one) => one.items)
            .filter((one) => one.order_line_item_id === line.id);
          const expected = items.reduce(
            (sum, i) => sum + i.quantity - i.received - i.rejected - i.canceled,
            0,
          );
          expect(line.returning).toBe(expected);
          expect(line.returned).toBe(items.reduce((sum, { received }) => sum + received, 0));
          expect(line.returning + line.returned).toBeLessThanOrEqual(line.fulfilled);
        }
      }
    }),
  );
});
