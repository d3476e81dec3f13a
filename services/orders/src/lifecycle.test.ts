import type { Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";
import { aLine, anOrder } from "@waybill/dev-env/records.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allowedMoves, type Move } from "./legality.ts";
import {
  accept,
  cancel,
  deliver,
  hold,
  pack,
  release,
  replaceLines,
  ship,
  short,
  start,
  substatusOf,
} from "./lifecycle.ts";
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
    reference: "CO/ABCDEF",
    traceparent: "",
  };
  return createOrder(candidate, {
    tenantId: "shop",
    orderNr: 1_000_000_000,
    now: NOW,
  }).state;
}

type Ruled = Exclude<Move, "update" | "return">;

const rules: Record<Ruled, (order: OrderDocument) => Decision<OrderDocument>> = {
  accept: (order) => accept(order, LINES),
  start,
  pack,
  ship: (order) => ship(order, null, "shipment"),
  short: (order) => short(order, [{ sku_customer_id: "hat", quantity: 1, reason: "damage" }]),
  deliver,
  hold: (order) => hold(order, "address check"),
  release,
  cancel: (order) => cancel(order, order.status === "open" ? LINES : null),
};

const FACTS = { cancelsInProcess: true };
/** What a refusal tells a warehouse of what is allowed. */
const told = (allowed: readonly Move[]) =>
  allowed.filter((move) => move !== "update" && move !== "cancel").join(", ") || "none";

/** The order after these moves. */
function after(...moves: Ruled[]): OrderDocument {
  return moves.reduce((order, move) => rules[move](order).state, newOrder());
}

describe("the legality table", () => {
  it.each([
    [[], ["accept", "hold", "update", "cancel"]],
    [["accept"], ["start", "short", "hold", "update", "cancel"]],
    [
      ["accept", "start"],
      ["pack", "short", "hold", "update", "cancel"],
    ],
    [
      ["accept", "start", "pack"],
      ["ship", "short", "hold"],
    ],
    [
      ["accept", "start", "pack", "ship"],
      ["deliver", "return"],
    ],
    [["accept", "start", "pack", "ship", "deliver"], ["return"]],
    [["cancel"], []],
    [["accept", "start", "cancel"], []],
  ] as [Ruled[], Move[]][])(
    "after %j allows %j and refuses every other move with what is allowed",
    (moves, allowed) => {
      const order = after(...moves);
      expect(allowedMoves(order, FACTS)).toEqual(allowed);
      for (const move of (Object.keys(rules) as Ruled[]).filter((name) => !allowed.includes(name))) {
        expect(() => rules[move](order)).toThrow(
          `the order is ${order.status}: ${move} is not allowed; allowed now: ${told(allowed)}`,
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
          shorts: [{ sku_customer_id: "hat", quantity: 1, reason: "damage", order_line_item_id: "line-2" }],
          substatus: null,
          hold_reason: null,
          movements: [
            { order_line_item_id: "line-1", kind: "fulfilled", quantity: 3, grouping_id: null },
            { order_line_item_id: "line-3", kind: "fulfilled", quantity: 2, grouping_id: null },
          ],
        },
      },
    ]);
    expect(state.shipments).toMatchObject([
      {
        shipping_provider: "masonhub",
        shipper_service_level: "ground",
        tracking_number: "1z",
        shipment_date_time: NOW,
        shipment_line_items: [
          { sku_customer_id: "shirt", quantity: 3, order_line_item_id: "line-1" },
          { sku_customer_id: "shirt", quantity: 2, order_line_item_id: "line-3" },
        ],
      },
    ]);
  });
});

describe("canceling", () => {
  it("moves every unit that is not shorted to canceled, also those of an order that was still open", () => {
    const { state, events } = cancel(after("accept", "short"), null);
    expect(
      state.line_counts.map(({ outstanding, shorted, canceled }) => [outstanding, shorted, canceled]),
    ).toEqual([
      [0, 0, 3],
      [0, 1, 0],
      [0, 0, 2],
    ]);
    expect(events[0]!.data).toMatchObject({
      status: "canceled",
      movements: [
        { order_line_item_id: "line-1", kind: "canceled", quantity: 3 },
        { order_line_item_id: "line-3", kind: "canceled", quantity: 2 },
      ],
    });
    expect(cancel(newOrder(), LINES).state).toMatchObject({
      status: "canceled",
      line_counts: [{ canceled: 3 }, { canceled: 1 }, { canceled: 2 }],
    });
  });
});

describe("what was shorted at creation", () => {
  const shorts = [
    { sku_customer_id: "shirt", quantity: 2, reason: "insufficient_inventory", order_line_item_id: "line-1" },
  ];
  const movement = { order_line_item_id: "line-1", kind: "shorted", quantity: 2, grouping_id: null };

  it.each(["accept", "cancel"] as const)("moves when the order leaves open by %s", (move) => {
    const { state, events } = rules[move]({ ...newOrder(), shorts });
    expect(state.line_counts[0]).toMatchObject({ ordered: 3, shorted: 2 });
    expect((events[0]!.data as { movements: unknown[] }).movements[0]).toEqual(movement);
  });
});

describe("an order on hold", () => {
  const heldAt = (...moves: Ruled[]) => hold(after(...moves), "address check").state;

  it.each<[moves: Ruled[], heldUp: Ruled, allowed: Move[]]>([
    [[], "accept", ["release", "update", "cancel"]],
    [["accept"], "start", ["short", "release", "update", "cancel"]],
    [["accept", "start"], "pack", ["short", "release", "update", "cancel"]],
    [["accept", "start", "pack"], "ship", ["short", "release"]],
  ])("after %j does not %s until it is released", (moves, heldUp, allowed) => {
    const order = heldAt(...moves);
    expect([order.status, substatusOf(order)]).toEqual([after(...moves).status, "on_hold"]);
    expect(allowedMoves(order, FACTS)).toEqual(allowed);
    expect(() => rules[heldUp](order)).toThrow(expect.objectContaining({ code: "ORDER_ON_HOLD" }));
    expect(rules[heldUp](release(order).state).state.status).toBe(after(...moves, heldUp).status);
  });

  it("tells why in its event, and is on hold no more once it ends", () => {
    expect(hold(newOrder(), "address check").events[0]).toMatchObject({
      type: "waybill.order.held.v1",
      data: { status: "open", substatus: "on_hold", hold_reason: "address check" },
    });
    expect(cancel(heldAt("accept"), null).state).toMatchObject({ status: "canceled", hold: null });
  });
});

describe("shipments arrive one by one", () => {
  const parcel = (shipment_id: string, quantity: number) => ({
    shipment_id,
    shipment_line_items: [{ sku_customer_id: "shirt", quantity }],
  });
  const one = ship(after("accept", "start", "pack", "short"), parcel("a", 2), "").state;

  it("also before the last has left; the order is delivered with the last", () => {
    const early = deliver(one, ["a"]).state;
    expect(early).toMatchObject({ status: "packed", shipments: [{ delivered_at: NOW }] });
    const both = ship(early, parcel("b", 3), "").state;
    expect(both.status).toBe("fulfilled");
    expect(deliver(both, ["b"]).state.status).toBe("delivered");
  });

  it("and a fulfilled order whose shipments arrived before the rest was shorted can be delivered", () => {
    const rest = [{ sku_customer_id: "shirt", quantity: 3, reason: "lost" }];
    const { state } = short(deliver(one, ["a"]).state, rest);
    expect([state.status, deliver(state).state.status]).toEqual(["fulfilled", "delivered"]);
  });

  it.each([["b"], ["a", "a", "b"]])("one that is not on its way is refused: %s", (...ids) => {
    expect(() => deliver(one, ids)).toThrow(expect.objectContaining({ code: "SHIPMENT_NOT_FOUND" }));
  });
});

describe("what somebody else would refuse is not shown as allowed", () => {
  it("a cancel in process, where the tenant's are denied", () => {
    const denied = { cancelsInProcess: false };
    expect(allowedMoves(after("accept", "start"), denied)).toEqual(["pack", "short", "hold", "update"]);
    expect(allowedMoves(after("accept"), denied)).toContain("cancel");
  });

  it.each([
    ["backorder", ["hold", "update", "cancel"]],
    ["cancel_shorts", ["hold", "update", "cancel"]],
    ["partial_ship", ["accept", "hold", "update", "cancel"]],
  ])("the accept of an order that waits for stock, with %s", (backorder_policy, allowed) => {
    const order = { ...newOrder(), backordered: true, backorder_policy };
    expect(allowedMoves(order, FACTS)).toEqual(allowed);
    // Line-items knows first whether the stock is there.
    expect(rules.accept(order).state.status).toBe("atWarehouse");
  });

  it("the accept of an order that has no lines, whose refusal says so", () => {
    const order = newOrder();
    expect(allowedMoves(order, { ...FACTS, hasLines: false })).toEqual(["hold", "update", "cancel"]);
    expect(() => accept(order, [])).toThrow(
      expect.objectContaining({
        code: "NO_LINES",
        message: "the order is open and has no lines: accept is not allowed; allowed now: hold",
      }),
    );
  });
});

describe("an order that is being updated", () => {
  it("allows nothing, and refuses every move as one to repeat", () => {
    const order = { ...after("accept"), changing: "request" };
    expect([allowedMoves(order, FACTS), substatusOf(order)]).toEqual([[], "updating"]);
    for (const rule of Object.values(rules)) {
      expect(() => rule(order)).toThrow(
        expect.objectContaining({
          code: "ORDER_CHANGING",
          message: expect.stringMatching(
            /^the order is atWarehouse and being updated: \w+ is not allowed; allowed now: none$/,
          ),
        }),
      );
    }
  });

  it("counts its new lines; what was shorted of a line that stays is still shorted", () => {
    const order = after("accept", "short");
    const lines = [
      { ...aLine("hat", 3), id: "line-2" },
      { ...aLine("scarf", 4), id: "line-4" },
    ];
    expect(replaceLines(order, lines).line_counts).toMatchObject([
      { id: "line-2", ordered: 3, outstanding: 2, shorted: 1 },
      { id: "line-4", ordered: 4, outstanding: 4, in_process: 0 },
    ]);
  });

  it("has its new units in process when the warehouse works on every unit, else they wait", () => {
    const lines = [{ ...aLine("shirt", 9), id: "line-1" }];
    const inProcess = (order: OrderDocument) => replaceLines(order, lines).line_counts[0]!.in_process;
    expect(inProcess(after("accept", "start"))).toBe(9);
    expect(inProcess(start(after("accept"), [{ sku_customer_id: "shirt", quantity: 2 }]).state)).toBe(2);
    expect(inProcess(after("accept"))).toBe(0);
  });
});

describe("of several, the substatus is the one that holds up most", () => {
  const part = { shipment_line_items: [{ sku_customer_id: "shirt", quantity: 1 }] };
  const shipped = ship(after("accept", "start", "pack"), part, "shipment").state;
  const hold = { reason: null, since: NOW };
  it.each<[Partial<OrderDocument>, string]>([
    [{ changing: "request", hold, backordered: true }, "updating"],
    [{ hold, backordered: true }, "on_hold"],
    [{ backordered: true }, "backordered"],
    [{}, "partially_shipped"],
  ])("%j: %s", (change, substatus) => expect(substatusOf({ ...shipped, ...change })).toBe(substatus));
});

describe("the next shipment", () => {
  const three = [{ sku_customer_id: "shirt", quantity: 3 }];

  it("holds the units that were started and packed for it, and no others", () => {
    const order = pack(start(after("accept"), three).state, [
      { order_line_item_id: "line-1", quantity: 2 },
    ]).state;
    expect(order.status).toBe("packed");
    expect(() => ship(order, { shipment_line_items: three }, "a")).toThrow(
      expect.objectContaining({ code: "QUANTITY_EXCEEDED" }),
    );
    const { state } = ship(order, null, "a");
    expect(state.shipments[0]!.shipment_line_items).toMatchObject([
      { order_line_item_id: "line-1", quantity: 2 },
    ]);
    expect(allowedMoves(state, FACTS)).toEqual(["start", "pack", "short", "deliver", "hold", "return"]);
    const rest = ship(pack(start(state).state).state, null, "b").state;
    expect(rest).toMatchObject({ status: "fulfilled", shipments: [{}, { shipment_id: "b" }] });
  });

  it("may name the grouping that its units are for", () => {
    const named = [{ sku_customer_id: "hat", quantity: 1, grouping_id: 7 }];
    const { events } = ship(after("accept", "start", "pack"), { shipment_line_items: named }, "a");
    expect(events[0]!.data).toMatchObject({ movements: [{ order_line_item_id: "line-2", grouping_id: 7 }] });
  });
});

describe("shipping and shorting", () => {
  const packed = after("accept", "start", "pack");
  const items = (sku_customer_id: string, quantity: number) => ({
    shipment_line_items: [{ sku_customer_id, quantity }],
  });

  it("a part of the units keeps the order packed, as partially_shipped", () => {
    const { state } = ship(packed, items("shirt", 4), "shipment");
    expect([state.status, substatusOf(state)]).toEqual(["packed", "partially_shipped"]);
    const whole = ship(state, null, "second").state;
    expect([whole.status, substatusOf(whole)]).toEqual(["fulfilled", null]);
  });

  it("every unit shorted cancels the order", () => {
    const all = [
      { sku_customer_id: "shirt", quantity: 5, reason: "lost" },
      { sku_customer_id: "hat", quantity: 1, reason: "lost" },
    ];
    expect(short(packed, all).state.status).toBe("canceled");
  });

  it.each([
    ["neither a SKU nor a line", { shipment_line_items: [{ quantity: 1 }] }, "REQUIRED"],
    ["a SKU of another order", items("sock", 1), "LINE_NOT_FOUND"],
    [
      "a line with the SKU of another",
      { shipment_line_items: [{ sku_customer_id: "hat", order_line_item_id: "line-1", quantity: 1 }] },
      "LINE_NOT_FOUND",
    ],
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
});

/** Whether every unit of the line is in one place. */
function addsUp(line: LineCount): boolean {
  const { ordered, outstanding, fulfilled, shorted, canceled, in_process, packed, returning, returned } =
    line;
  return (
    outstanding + fulfilled + shorted + canceled === ordered &&
    in_process + packed <= outstanding &&
    returning + returned <= fulfilled &&
    Object.values(line).every((value) => typeof value === "string" || value >= 0)
  );
}

describe("under any sequence of moves", () => {
  const item = fc.record({
    sku_customer_id: fc.constantFrom("shirt", "hat", "sock"),
    quantity: fc.integer({ min: 1, max: 4 }),
  });
  const lines = fc.array(item, { maxLength: 2 });
  const step = fc.oneof(
    fc.constantFrom("accept" as const, "deliver" as const, "cancel" as const).map((move) => rules[move]),
    lines.map((named) => (order: OrderDocument) => start(order, named)),
    lines.map((named) => (order: OrderDocument) => pack(order, named)),
    fc.constantFrom("hold" as const, "release" as const).map((move) => rules[move]),
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
          expect(order.line_counts.every(addsUp)).toBe(true);
          if (order.status !== "canceled") {
            expect(ranks.indexOf(order.status)).toBeGreaterThanOrEqual(ranks.indexOf(before.status));
          }
        }
      }),
    );
  });
});
