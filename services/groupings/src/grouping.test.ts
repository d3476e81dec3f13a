import fc from "fast-check";
import { newAggregate } from "@waybill/events/aggregates.ts";
import { Grouping, GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { expect, test } from "vitest";
import { addItems, changeItem, createGroupings } from "./grouping-changes.ts";
import {
  followLines,
  recompute,
  sumsOf,
  tellReleases,
  type GroupingsDocument,
  type LinesSnapshot,
  type StoredItem,
} from "./grouping.ts";

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

/** One ordered unit of a line, as the reference below follows it. */
interface Unit {
  /** The grouping that has it; null: none. */
  owner: number | null;
  state: string;
}

/** Where a movement takes units from and to, by what happened to them. */
const steps: Readonly<Record<string, [from: string, to: string]>> = {
  fulfilled: ["outstanding", "fulfilled"],
  shorted: ["outstanding", "shorted"],
  canceled: ["outstanding", "canceled"],
  returning: ["fulfilled", "returning"],
  returned: ["returning", "returned"],
  return_canceled: ["returning", "fulfilled"],
};

/**
 * A reference that shares nothing with the rule: it moves unit after unit of a line, of the grouping that is named
 * first, then of the groupings in order of creation, then of nobody; and counts where they came to lie.
 */
function unitsOf(
  lineId: string,
  quantity: number,
  { groupings }: GroupingsDocument,
  ledger: Movement[],
): Unit[] {
  const owners = groupings.flatMap(({ id, items }) =>
    items
      .filter(({ order_line_item_id }) => order_line_item_id === lineId)
      .flatMap((one) => Array.from({ length: one.quantity }, (): number | null => id)),
  );
  const units = Array.from({ length: quantity }, (_, index): Unit => ({
    owner: owners[index] ?? null,
    state: "outstanding",
  }));
  for (const { kind, quantity: count, grouping_id } of ledger.filter(
    (one) => one.order_line_item_id === lineId,
  )) {
    const [from, to] = steps[kind]!;
    for (let moved = 0; moved < count; moved += 1) {
      const there = units.filter(({ state }) => state === from);
      const next = there.find(({ owner }) => owner !== null && owner === grouping_id) ?? there[0];
      if (next) next.state = to;
    }
  }
  return units;
}

/** The counters of an item that has these units, each so many base units. */
function countersOf(units: readonly Unit[], perUnit: number): Partial<StoredItem> {
  const among = (...states: string[]) => units.filter(({ state }) => states.includes(state)).length;
  const counts = {
    ordered: units.length,
    fulfilled: among("fulfilled", "returning", "returned"),
    outstanding: among("outstanding"),
    returned: among("returned"),
    returning: among("returning"),
  };
  const named = Object.entries(counts).flatMap(([name, count]) => [
    [`quantity_${name}`, count * perUnit],
    [`uom_quantity_${name}`, count],
  ]);
  return Object.fromEntries(named);
}

test("after events in any order and any repetition every grouping has the units that the ledger gives it", () => {
  fc.assert(
    fc.property(stories, ({ quantities, wishes, movements: ledger, arrivals }) => {
      const start = grouped(quantities, wishes);
      const show = (count: number) => snapshotOf(quantities, ledger.slice(0, count), count);
      // The last event arrives at some place among the others, which may be missing.
      const order = [...arrivals, ledger.length, ...arrivals.toReversed()];
      const followed = order.reduce((state, count) => followLines(state, show(count)).state, start);
      for (const [index, quantity] of quantities.entries()) {
        const units = unitsOf(`line-${index}`, quantity, start, ledger);
        for (const { id, items } of followed.groupings) {
          const own = units.filter(({ owner }) => owner === id);
          const shown = items.filter(({ order_line_item_id }) => order_line_item_id === `line-${index}`);
          expect(shown).toMatchObject(own.length > 0 ? [countersOf(own, index + 1)] : []);
        }
      }
      for (const grouping of followed.groupings) {
        const sum = (name: keyof StoredItem) =>
          grouping.items.reduce((total, one) => total + (one[name] as number), 0);
        for (const [name, count] of Object.entries(sumsOf(grouping)))
          expect(count).toBe(sum(name as keyof StoredItem));
      }
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

test("an older snapshot changes nothing, unless it is all that is there", () => {
  const start = grouped([5], [[2], [3]]);
  const known = followLines(start, snapshotOf([5], [], 7)).state;
  const ship: Movement = { order_line_item_id: "line-0", kind: "fulfilled", quantity: 1, grouping_id: null };
  const older = snapshotOf([5], [ship], 6);
  expect(followLines(known, older)).toEqual({ state: known, events: [] });
  expect(recompute(known, older).state).toMatchObject({
    snapshot: { sequence: 6 },
    groupings: [{ items: [{ uom_quantity_fulfilled: 1 }] }, {}],
  });
});

test("a grouping never gets more base units than ten digits hold: the item that is too much is refused", () => {
  const facts = { dates: new Map(), itemIds: [1, 2, 3], ifMatch: null };
  const lines = [0, 1, 2].map((index) => ({ ...line(index, 9), base_units_per_unit: 4_999_999_999 }));
  const known = followLines(blank(), { ...snapshotOf([], [], 1), lines }).state;
  const record = (...items: GroupingItem[]) => [
    { ...Grouping.decode(empty), reference: "g", profile_id: 1, items },
  ];
  const minted = [{ id: 1, system_reference: "COG/000000" }];
  const at = (pointer: string) =>
    expect.objectContaining({ violations: [expect.objectContaining({ pointer, code: "OUT_OF_RANGE" })] });
  const three = () => createGroupings(known, record(item(0, 1), item(1, 1), item(2, 1)), minted, facts);
  expect(three).toThrow(at("/groupings/0/items/2/quantity"));
  const { state } = createGroupings(known, record(item(0, 1), item(1, 1)), minted, facts);
  expect(sumsOf(state.groupings[0]!).quantity_ordered).toBe(9_999_999_998);
  const ref = { id: 1, ifMatch: null };
  expect(() => addItems(state, ref, [item(2, 1)], facts)).toThrow(at("/items/0/quantity"));
  expect(() => changeItem(state, ref, 1, item(0, 2), facts.dates)).toThrow(at("/item/quantity"));
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
