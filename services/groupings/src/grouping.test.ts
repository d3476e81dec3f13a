import fc from "fast-check";
import { newAggregate } from "@waybill/events/aggregates.ts";
import { Grouping, GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { expect, test } from "vitest";
import { createGroupings } from "./grouping-changes.ts";
import { followLines, sumsOf, tellReleases, type GroupingsDocument, type LinesSnapshot } from "./grouping.ts";

const empty = new Uint8Array();
const LINES = 3;
const line = (index: number, quantity: number) => ({
  id: `line-${index}`,
  sku_id: `sku-${index}`,
  sku_customer_id: `name-${index}`,
  quantity,
  base_units_per_unit: index + 1,
});

function blank(): GroupingsDocument {
  return {
    ...newAggregate("order", "shop", "2024-05-01T00:00:00.000Z"),
    order_nr: null,
    storefront_id: null,
    groupings: [],
    snapshot: { sequence: 0, order_sequence: 0, lines: [], movements: [] },
    releases: [],
    release_check_at: null,
  };
}

const item = (index: number, quantity: number): GroupingItem => ({
  ...GroupingItem.decode(empty),
  order_line_item_id: `line-${index}`,
  quantity,
});

/** The document with these groupings, each given as its units per line; what a line has not left is left out. */
function grouped(quantities: number[], wishes: number[][]): GroupingsDocument {
  const left = [...quantities];
  const records = wishes.map((units, id): Grouping => {
    const items = units.flatMap((wish, index) => {
      const quantity = Math.min(wish, left[index]!);
      left[index]! -= quantity;
      return quantity > 0 ? [item(index, quantity)] : [];
    });
    return { ...Grouping.decode(empty), reference: `g${id}`, profile_id: 1, items };
  });
  const minted = records.map((_, id) => ({ id: id + 1, system_reference: "COG/000000" }));
  const itemIds = records.flatMap(({ items }) => items).map((_, id) => id + 1);
  const facts = { dates: new Map(), itemIds, ifMatch: null };
  const known = followLines(blank(), snapshotOf(quantities, [], 0)).state;
  return createGroupings(known, records, minted, facts).state;
}

function snapshotOf(quantities: number[], movements: Movement[], sequence: number): LinesSnapshot {
  return {
    sequence,
    order_sequence: sequence,
    lines: quantities.map((units, index) => line(index, units)),
    movements,
  };
}

const movements = fc.array(
  fc.record({
    order_line_item_id: fc.integer({ min: 0, max: LINES - 1 }).map((index) => `line-${index}`),
    kind: fc.constantFrom("fulfilled", "shorted", "canceled", "returning", "returned", "return_canceled"),
    quantity: fc.integer({ min: 1, max: 6 }),
    grouping_id: fc.option(fc.integer({ min: 1, max: 5 })),
  }),
  { maxLength: 12 },
);

/** Shipments, shorts and returns as line-items tells them: event n shows the first n movements. */
const stories = fc
  .record({
    quantities: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: LINES, maxLength: LINES }),
    wishes: fc.array(fc.array(fc.nat(8), { minLength: LINES, maxLength: LINES }), { maxLength: 4 }),
    movements,
  })
  .chain((story) =>
    fc
      .array(fc.integer({ min: 1, max: Math.max(1, story.movements.length) }), { maxLength: 30 })
      .map((arrivals) => ({ ...story, arrivals })),
  );

test("after events in any order and any repetition the counters are those of the whole ledger", () => {
  fc.assert(
    fc.property(stories, ({ quantities, wishes, movements: ledger, arrivals }) => {
      const start = grouped(quantities, wishes);
      const show = (count: number) => snapshotOf(quantities, ledger.slice(0, count), count);
      // The last event arrives at some place among the others, which may be missing.
      const order = [...arrivals, ledger.length, ...arrivals.toReversed()];
      const followed = order.reduce((state, count) => followLines(state, show(count)).state, start);
      const recomputed = followLines(start, show(ledger.length)).state;
      const counters = ({ groupings }: GroupingsDocument) => groupings.map(({ items }) => items);
      expect(counters(followed)).toEqual(counters(recomputed));
      for (const [index, quantity] of quantities.entries()) {
        const items = followed.groupings.flatMap((grouping) =>
          grouping.items.filter(({ order_line_item_id }) => order_line_item_id === `line-${index}`),
        );
        const sum = items.reduce((total, one) => total + one.uom_quantity_ordered!, 0);
        expect(sum).toBeLessThanOrEqual(quantity);
        for (const one of items) expect(one.quantity_ordered).toBe(one.uom_quantity_ordered! * (index + 1));
      }
      for (const grouping of followed.groupings)
        expect(Object.values(sumsOf(grouping)).every((count) => count >= 0)).toBe(true);
    }),
  );
});

test("following again what is known already changes and tells nothing", () => {
  fc.assert(
    fc.property(stories, ({ quantities, wishes, movements: ledger }) => {
      const snapshot = snapshotOf(quantities, ledger, 1);
      const once = followLines(grouped(quantities, wishes), snapshot).state;
      expect(followLines(once, snapshot)).toEqual({ state: once, events: [] });
    }),
  );
});

test("every change of a grouping's counters is told once, with its next version", () => {
  const start = grouped([5], [[2], [3]]);
  const ship: Movement = { order_line_item_id: "line-0", kind: "fulfilled", quantity: 3, grouping_id: 2 };
  const { state, events } = followLines(start, snapshotOf([5], [ship], 1));
  expect(events).toMatchObject([
    {
      type: "waybill.grouping.moved.v1",
      data: { order_id: "order", id: 2, version: 2, quantity_fulfilled: 3 },
    },
  ]);
  expect(state.groupings.map(({ version }) => version)).toEqual([1, 2]);
});

test("a line that becomes smaller takes from the later groupings, and gives back when it grows", () => {
  const start = grouped([5], [[2], [3]]);
  const smaller = followLines(start, snapshotOf([3], [], 1)).state;
  const units = ({ groupings }: GroupingsDocument) =>
    groupings.map((grouping) => sumsOf(grouping).uom_quantity_ordered);
  expect(units(smaller)).toEqual([2, 1]);
  expect(units(followLines(smaller, snapshotOf([9], [], 2)).state)).toEqual([2, 3]);
});

test("a date that passes is told once for each grouping and date, a date that moves too", () => {
  const start = grouped([2, 2], [[1, 1], [1]]);
  const at = (updated_at: string, document: GroupingsDocument): GroupingsDocument => ({
    ...document,
    updated_at,
  });
  const dates = (first: string) =>
    new Map([
      ["sku-0", first],
      ["sku-1", "2024-07-01T00:00:00.000Z"],
    ]);
  const told = ({ events }: ReturnType<typeof tellReleases>) =>
    events.map(({ data }) => {
      const { id, releases } = data as { id: number; releases: { release_at: string; released: boolean }[] };
      return [id, ...releases.map(({ release_at, released }) => `${release_at.slice(5, 7)} ${released}`)];
    });
  const noted = tellReleases({ ...start, releases: [] }, dates("2024-06-01T00:00:00.000Z"));
  expect(told(noted)).toEqual([]);
  expect(noted.state.release_check_at).toEqual(new Date("2024-06-01T00:00:00.000Z"));
  const moved = tellReleases(noted.state, dates("2024-06-15T00:00:00.000Z"));
  expect(told(moved)).toEqual([
    [1, "06 false"],
    [2, "06 false"],
  ]);
  const june = at("2024-06-16T00:00:00.000Z", moved.state);
  const passed = tellReleases(june, dates("2024-06-15T00:00:00.000Z"));
  expect(told(passed)).toEqual([
    [1, "06 true"],
    [2, "06 true"],
  ]);
  const july = at("2024-07-02T00:00:00.000Z", passed.state);
  const last = tellReleases(july, dates("2024-06-15T00:00:00.000Z"));
  expect(told(last)).toEqual([[1, "07 true"]]);
  expect(last.state.release_check_at).toBeNull();
  expect(told(tellReleases(last.state, dates("2024-06-15T00:00:00.000Z")))).toEqual([]);
});
