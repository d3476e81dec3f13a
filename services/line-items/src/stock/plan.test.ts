import type { OrderAllocation } from "@waybill/proto/line_items/v1/allocation.ts";
import type { PickFrom } from "@waybill/proto/line_items/v1/line_items.ts";
import { describe, expect, it, test } from "vitest";
import { facilities, home, line, lot, now, plan } from "../../test/stock-samples.ts";
import type { LineDemand, OrderDemand } from "./demand.ts";
import type { Lot } from "./lot.ts";
import { planOrder } from "./plan.ts";
import type { Shelves } from "./shelves.ts";

function rule(match_type: string, match_style: string, ...match_value: string[]): PickFrom {
  return { match_type, match_style, match_value };
}

const taken = ({ lines }: OrderAllocation) =>
  lines.flatMap((planned) => planned.taken.map(({ lot_id, quantity }) => [lot_id, quantity]));
const reasons = ({ lines }: OrderAllocation) =>
  Object.fromEntries(lines.flatMap(({ candidates }) => candidates.map((one) => [one.lot_id, one.reason])));

describe("a line takes lots by its SKU's pick style", () => {
  const lots = () => [
    lot("old", 5, { received_at: "2026-01-01T00:00:00.000Z", expiration_date: "2026-12-01" }),
    lot("new", 5, { received_at: "2026-03-01T00:00:00.000Z", expiration_date: "2026-06-01" }),
    lot("lasting", 5, { received_at: "2026-02-01T00:00:00.000Z" }),
  ];
  it.each<[style: LineDemand["pickStyle"], order: unknown]>([
    ["FIFO", ["old", "lasting", "new"]],
    ["LIFO", ["new", "lasting", "old"]],
    ["FEFO", ["new", "old", "lasting"]],
  ])("%s: %j", (pickStyle, order) =>
    expect(taken(plan([line(15, { pickStyle })], { tea: lots() })).map(([id]) => id)).toEqual(order),
  );
});

describe("pick_from", () => {
  const lots = () => [
    lot("a", 5, { purchase_order: "PO1", lot_number: "L1", expiration_date: "2027-01-01" }),
    lot("b", 5, { purchase_order: "PO2", lot_number: "L2", expiration_date: "2027-02-01" }),
    lot("c", 5, { purchase_order: "PO3", lot_number: "L1", expiration_date: "2027-03-01" }),
  ];
  it.each<[title: string, rules: PickFrom[], units: unknown, backordered: number]>([
    ["hard: only what matches", [rule("purchase_order", "hard", "PO2")], [["b", 5]], 7],
    [
      "hard: in the order of its values",
      [rule("purchase_order", "hard", "PO3", "PO1")],
      [
        ["c", 5],
        ["a", 5],
      ],
      2,
    ],
    [
      "soft: first what matches",
      [rule("lot_number", "soft", "L2")],
      [
        ["b", 5],
        ["a", 5],
        ["c", 2],
      ],
      0,
    ],
    [
      "several: hard ones exclude, the first that differs decides",
      [rule("lot_number", "hard", "L1"), rule("expiration_date", "soft", "2027-03-01")],
      [
        ["c", 5],
        ["a", 5],
      ],
      2,
    ],
    [
      "two hard ones: both must match",
      [rule("lot_number", "hard", "L1"), rule("purchase_order", "hard", "PO3")],
      [["c", 5]],
      7,
    ],
    [
      "an expiration date may be written as a time",
      [rule("expiration_date", "hard", "2027-01-31T23:00:00-02:00")],
      [["b", 5]],
      7,
    ],
    ["hard without a match: nothing", [rule("lot_number", "hard", "L9")], [], 12],
  ])("%s", (_, pickFrom, units, backordered) => {
    const planned = plan([line(12, { pickFrom })], { tea: lots() });
    expect(taken(planned)).toEqual(units);
    expect(planned.lines[0]).toMatchObject({ backordered });
  });

  it("lines that must have a lot choose before lines that need not", () => {
    const free = line(5, { lineId: "free" });
    const bound = line(5, { lineId: "bound", pickFrom: [rule("lot_number", "hard", "L1")] });
    const planned = plan([free, bound], { tea: lots().slice(0, 2) });
    expect(planned.lines.map((one) => one.taken[0]!.lot_id)).toEqual(["b", "a"]);
  });
});

describe("what is there but not for sale is passed over, with the reason", () => {
  it.each<[reason: string, change: Partial<Lot>, pickFrom: PickFrom[]]>([
    ["expired", { expiration_date: "2026-05-09" }, []],
    ["on_hold", { status: "quality_hold" }, []],
    ["on_hold", { status: "damaged" }, []],
    ["none_left", { allocated: 9 }, []],
    ["pick_from", {}, [rule("lot_number", "hard", "L1")]],
  ])("%s: %j", (reason, change, pickFrom) => {
    const planned = plan([line(1, { pickFrom })], { tea: [lot("a", 9, change)] });
    expect(planned).toMatchObject({ status: "backordered", lines: [{ allocated: 0, backordered: 1 }] });
    expect(reasons(planned)).toEqual({ a: reason });
  });

  it("until the end of its last day it is for sale", () =>
    expect(taken(plan([line(1)], { tea: [lot("a", 9, { expiration_date: "2026-05-10" })] }))).toEqual([
      ["a", 1],
    ]));
});

describe("routing", () => {
  const lots = () => facilities.map(({ id }) => lot(id, 5, { facility_id: id }));
  const split_policy = "allow_splits";
  it.each<[title: string, terms: Partial<OrderDemand["terms"]>, order: unknown]>([
    ["least_cost: the country first, then the cheapest", {}, ["home", "near", "abroad"]],
    [
      "fastest: the country first, then the soonest",
      { routing_policy: "fastest" },
      ["near", "home", "abroad"],
    ],
    ["elsewhere the same facilities rank otherwise", { country_code: "DE" }, ["abroad", "home", "near"]],
    [
      "specific_facility: only the one that is named",
      { routing_policy: "specific_facility", facility_id: "near" },
      ["near"],
    ],
    ["specific_facility without a name: the first", { routing_policy: "specific_facility" }, ["abroad"]],
    [
      "specific_facility that is unknown: none",
      { routing_policy: "specific_facility", facility_id: "x" },
      [],
    ],
  ])("%s", (_, terms, order) =>
    expect(taken(plan([line(15)], { tea: lots() }, { split_policy, ...terms })).map(([id]) => id)).toEqual(
      order,
    ),
  );
});

describe("split_policy", () => {
  const stock = () => ({
    tea: [lot("t-home", 5), lot("t-near", 10, { facility_id: "near" })],
    cup: [lot("c-home", 2), lot("c-abroad", 9, { facility_id: "abroad" })],
  });
  const order = (tea: number, cup: number) => [line(tea), line(cup, { skuId: "cup" })];
  it.each<[policy: string, lines: LineDemand[], units: unknown]>([
    [
      "allow_splits",
      order(7, 1),
      [
        ["t-home", 5],
        ["t-near", 2],
        ["c-home", 1],
      ],
    ],
    [
      "minimize_splits",
      order(5, 1),
      [
        ["t-home", 5],
        ["c-home", 1],
      ],
    ],
    ["minimize_splits", order(7, 0), [["t-near", 7]]],
    [
      "minimize_splits",
      order(7, 1),
      [
        ["t-home", 5],
        ["t-near", 2],
        ["c-home", 1],
      ],
    ],
    [
      "minimize_splits",
      order(9, 9),
      [
        ["t-near", 9],
        ["c-abroad", 9],
      ],
    ],
    [
      "single_shipment",
      order(5, 2),
      [
        ["t-home", 5],
        ["c-home", 2],
      ],
    ],
    ["single_shipment", order(9, 2), [["t-near", 9]]],
  ])("%s: %#", (split_policy, lines, units) =>
    expect(taken(plan(lines, stock(), { split_policy }))).toEqual(units),
  );

  it("an order that waits in one facility goes on there", () => {
    const held = [{ lot_id: "t-home", facility_id: "home", quantity: 5 }];
    const lots = [lot("t-home", 8, { allocated: 5 }), lot("t-near", 20, { facility_id: "near" })];
    const planned = plan([line(7, { held })], { tea: lots }, { split_policy: "single_shipment" });
    expect(taken(planned)).toEqual([["t-home", 7]]);
  });
});

describe("what is missing", () => {
  it.each([
    ["backorder", "backordered", { backordered: 3, shorted: 0, settled: 0 }],
    ["partial_ship", "backordered", { backordered: 3, shorted: 0, settled: 0 }],
    ["cancel_shorts", "shorted", { backordered: 0, shorted: 3, settled: 3 }],
  ])("%s: %s", (backorder_policy, status, rest) =>
    expect(plan([line(8)], { tea: [lot("a", 5)] }, { backorder_policy })).toMatchObject({
      status,
      lines: [{ quantity: 8, allocated: 5, ...rest }],
    }),
  );

  it("nothing of a SKU whose stock was never recorded", () =>
    expect(plan([line(8)], {})).toMatchObject({
      status: "untracked",
      lines: [{ tracked: false, allocated: 0, backordered: 0 }],
    }));
});

test("an explanation names every lot, what it had, and what it is for the line", () => {
  const lots = [
    lot("first", 5),
    lot("second", 5, { received_at: now }),
    lot("far", 5, { facility_id: "near" }),
  ];
  const planned = plan([line(4)], { tea: lots });
  expect(planned.lines[0]!.candidates).toMatchObject([
    { lot_id: "first", available: 5, taken: 4, reason: null },
    { lot_id: "second", available: 5, taken: 0, reason: "not_needed" },
    { lot_id: "far", available: 5, taken: 0, reason: "split_policy" },
  ]);
  expect(planned.facilities).toEqual([
    { facility_id: "home", rank: 1, used: true, reason: null },
    { facility_id: "near", rank: 2, used: false, reason: "split_policy" },
    { facility_id: "abroad", rank: 3, used: false, reason: "no_stock" },
  ]);
});

test("the fewest facilities are found where the best single one is none of them", () => {
  const six: Shelves["facilities"] = ["a", "b", "c"].map((id, index) => ({
    ...home,
    id,
    cost_rank: index + 1,
  }));
  const stock = new Map([
    [
      "tea",
      [
        lot("1", 4, { facility_id: "b" }),
        lot("2", 4, { facility_id: "c" }),
        lot("3", 5, { facility_id: "a" }),
      ],
    ],
    [
      "cup",
      [
        lot("4", 4, { facility_id: "b" }),
        lot("5", 4, { facility_id: "c" }),
        lot("6", 1, { facility_id: "a" }),
      ],
    ],
  ]);
  const lines = [line(8), line(8, { skuId: "cup" })];
  const planned = planOrder(
    { orderId: "order-1", terms: { country_code: "US" }, lines },
    { lots: stock, facilities: six, reserved: new Set(), now },
  );
  expect(planned.facilities.filter(({ used }) => used).map(({ facility_id }) => facility_id)).toEqual([
    "b",
    "c",
  ]);
});
