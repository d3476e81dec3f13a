import type { Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { aLine, anOrder } from "@waybill/dev-env/records.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { accept, allowedMoves, deliver, pack, ship, short, start, type Move } from "./lifecycle.ts";
import { createOrder, type OrderDocument } from "./order.ts";

const NOW = "2026-01-01T00:00:00.000Z";
const LINES = [
  { ...aLine("shirt", 3), id: "line-1" },
  { ...aLine("hat", 1), id: "line-2" },
  { ...aLine("shirt", 2), id: "line-3" },
];

function newOrder(): OrderDocument {
  const record = anOrder("order");
  const candidate = {
    id: "id",
    customerIdentifier: "order",
    fingerprint: "",
    record,
    lineIds: ["l"],
    traceparent: "",
  };
  return createOrder(candidate, {
    tenantId: "shop",
    orderNr: 1_000_000_000,
    reference: "CO/ABCDEF",
    now: NOW,
  }).state;
}

const rules: Record<Move, (order: OrderDocument) => Decision<OrderDocument>> = {
  accept: (order) => accept(order, LINES),
  start,
  pack,
  ship: (order) => ship(order, null, "shipment"),
  short: (order) => short(order, [{ sku_customer_id: "hat", quantity: 1, reason: "damage" }]),
  deliver,
};

/** The order after these moves. */
function after(...moves: Move[]): OrderDocument {
  return moves.reduce((order, move) => rules[move](order).state, newOrder());
}

describe("the legality table", () => {
  it.each([
    [[], ["accept"]],
    [["accept"], ["start", "short"]],
    [
      ["accept", "start"],
      ["pack", "short"],
    ],
    [
      ["accept", "start", "pack"],
      ["ship", "short"],
    ],
    [["accept", "start", "pack", "ship"], ["deliver"]],
    [["accept", "start", "pack", "ship", "deliver"], []],
  ] as [Move[], Move[]][])(
    "after %j allows %j and refuses every other move with what is allowed",
    (moves, allowed) => {
      const order = after(...moves);
      expect(allowedMoves(order.status)).toEqual(allowed);
      for (const move of (Object.keys(rules) as Move[]).filter((name) => !allowed.includes(name))) {
        expect(() => rules[move](order)).toThrow(
          `the order is ${order.status}: ${move} is not allowed; allowed now: ${allowed.join(", ") || "none"}`,
        );
      }
    },
  );
});

describe("every move", () => {
  it("is one orderEvent with the documented data: all shipments and all shorts", () => {
    const order = after("accept", "start", "pack", "short");
    const { state, events } = ship(order, { tracking_number: "1z", shipment_line_items: [] }, "shipment");
    expect(events).toEqual([
      {
        topic: "waybill.orders.v1",
        type: "waybill.order.shipped.v1",
        messageType: "orderEvent",
        data: {
          order_id: "id",
          customer_identifier: "order",
          status: "fulfilled",
          shipments: state.shipments,
          shorts: [{ sku_customer_id: "hat", quantity: 1, reason: "damage" }],
        },
      },
    ]);
    expect(state.shipments).toMatchObject([
      {
        shipping_provider: "masonhub",
        shipper_service_level: "ground",
        tracking_number: "1z",
        shipment_date_time: NOW,
        shipment_line_items: [{ sku_customer_id: "shirt", quantity: 5 }],
      },
    ]);
  });
});

describe("shipping and shorting", () => {
  const packed = after("accept", "start", "pack");
  const items = (sku_customer_id: string, quantity: number) => ({
    shipment_line_items: [{ sku_customer_id, quantity }],
  });

  it("a part of the units keeps the order packed, as partially_shipped", () => {
    const { state } = ship(packed, items("shirt", 4), "shipment");
    expect([state.status, state.substatus]).toEqual(["packed", "partially_shipped"]);
    expect(ship(state, null, "second").state).toMatchObject({ status: "fulfilled", substatus: null });
  });

  it("every unit shorted cancels the order", () => {
    const all = [
      { sku_customer_id: "shirt", quantity: 5, reason: "lost" },
      { sku_customer_id: "hat", quantity: 1, reason: "lost" },
    ];
    expect(short(packed, all).state.status).toBe("canceled");
  });

  it.each([
    ["a SKU of another order", items("sock", 1), "LINE_NOT_FOUND"],
    ["more units than are outstanding", items("shirt", 6), "QUANTITY_EXCEEDED"],
  ])("of %s is refused with its place", (_, parcel, code) => {
    try {
      ship(packed, parcel, "shipment");
      expect.unreachable();
    } catch (error) {
      expect(error).toMatchObject({ code, violations: [{ code }] });
    }
  });

  it("the same shipment_id twice is refused", () => {
    const once = ship(packed, { shipment_id: "88888", ...items("hat", 1) }, "shipment").state;
    expect(() => ship(once, { shipment_id: "88888", ...items("shirt", 1) }, "shipment")).toThrow(DomainError);
  });

  it("an order without lines is not accepted", () => {
    expect(() => accept(newOrder(), [])).toThrow("The order has no lines");
  });
});

describe("under any sequence of moves", () => {
  const item = fc.record({
    sku_customer_id: fc.constantFrom("shirt", "hat", "sock"),
    quantity: fc.integer({ min: 1, max: 4 }),
  });
  const step = fc.oneof(
    fc.constantFrom("accept", "start", "pack", "deliver" as const).map((move) => rules[move as Move]),
    item.map(
      (one) => (order: OrderDocument) =>
        ship(order, { shipment_line_items: [one] }, `parcel ${order.shipments.length}`),
    ),
    item.map((one) => (order: OrderDocument) => short(order, [{ ...one, reason: "other" }])),
  );
  const ranks = ["open", "atWarehouse", "inProcess", "packed", "fulfilled", "delivered"];

  it("units add up, statuses only go forward, and a refusal changes nothing", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let order = newOrder();
        for (const take of steps) {
          const before = structuredClone(order);
          try {
            order = take(order).state;
          } catch (error) {
            expect(error).toBeInstanceOf(DomainError);
            expect(order).toEqual(before);
            continue;
          }
          for (const { ordered, outstanding, shipped, shorted } of order.line_counts) {
            expect(outstanding + shipped + shorted).toBe(ordered);
            expect(Math.min(outstanding, shipped, shorted)).toBeGreaterThanOrEqual(0);
          }
          if (order.status !== "canceled") {
            expect(ranks.indexOf(order.status)).toBeGreaterThanOrEqual(ranks.indexOf(before.status));
          }
        }
      }),
    );
  });
});
