import fc from "fast-check";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { describe, expect, it, test } from "vitest";
import { attribute, outstanding, type Claim, type Counters } from "./roll-up.ts";

const move = (kind: string, quantity: number, grouping_id: number | null = null): Movement => ({
  order_line_item_id: "line",
  kind,
  quantity,
  grouping_id,
});
const two = [
  { grouping_id: 1, quantity: 3 },
  { grouping_id: 2, quantity: 5 },
];
const counters = (change: Partial<Counters>): Counters => ({
  ordered: 0,
  fulfilled: 0,
  shorted: 0,
  canceled: 0,
  returning: 0,
  returned: 0,
  ...change,
});

describe("units of a shared line", () => {
  it.each<[what: string, movements: Movement[], first: Partial<Counters>, second: Partial<Counters>]>([
    ["go to the groupings in order of creation", [move("fulfilled", 4)], { fulfilled: 3 }, { fulfilled: 1 }],
    ["go to the grouping that is named first", [move("fulfilled", 4, 2)], {}, { fulfilled: 4 }],
    [
      "go to the others when the named one has no more",
      [move("fulfilled", 7, 2)],
      { fulfilled: 2 },
      { fulfilled: 5 },
    ],
    ["of a grouping that is gone go to the others", [move("fulfilled", 1, 9)], { fulfilled: 1 }, {}],
    [
      "shorted and canceled are neither shipped nor outstanding",
      [move("shorted", 2), move("canceled", 2)],
      { shorted: 2, canceled: 1 },
      { canceled: 1 },
    ],
    ["beyond the claims belong to nobody", [move("fulfilled", 10)], { fulfilled: 3 }, { fulfilled: 5 }],
    [
      "come back to whom they were shipped",
      [move("fulfilled", 4), move("returning", 4), move("returned", 3)],
      { fulfilled: 3, returned: 3 },
      { fulfilled: 1, returning: 1 },
    ],
    [
      "whose return is called off are shipped as before",
      [move("fulfilled", 3), move("returning", 2), move("return_canceled", 2), move("returning", 1, 1)],
      { fulfilled: 3, returning: 1 },
      {},
    ],
    ["of a kind that is not known stay where they are", [move("toString", 2)], {}, {}],
  ])("%s", (_, movements, first, second) => {
    expect(attribute(10, two, movements)).toEqual([
      counters({ ordered: 3, ...first }),
      counters({ ordered: 5, ...second }),
    ]);
  });

  it("that a smaller line has left go to the earlier groupings", () => {
    expect(attribute(4, two, []).map(({ ordered }) => ordered)).toEqual([3, 1]);
  });
});

/** A ledger as line-items keeps it: no movement has more units than there are. */
const ledgers = fc
  .record({
    quantity: fc.integer({ min: 1, max: 40 }),
    claims: fc.array(fc.integer({ min: 1, max: 20 }), { maxLength: 5 }),
    tries: fc.array(
      fc.record({
        kind: fc.constantFrom("fulfilled", "shorted", "canceled", "returning", "returned", "return_canceled"),
        units: fc.integer({ min: 1, max: 15 }),
        grouping_id: fc.option(fc.integer({ min: 0, max: 6 })),
      }),
      { maxLength: 25 },
    ),
  })
  .map(({ quantity, claims, tries }) => {
    const line = counters({ ordered: quantity });
    const movements = tries.flatMap(({ kind, units, grouping_id }) => {
      const count = Math.min(units, roomOf(line, kind));
      if (count === 0) return [];
      book(line, kind, count);
      return [move(kind, count, grouping_id)];
    });
    return {
      quantity,
      claims: claims.map((units, id): Claim => ({ grouping_id: id, quantity: units })),
      movements,
      line,
    };
  });

function roomOf(line: Counters, kind: string): number {
  if (kind === "returning") return line.fulfilled - line.returning - line.returned;
  return kind === "returned" || kind === "return_canceled" ? line.returning : outstanding(line);
}

function book(line: Counters, kind: string, count: number): void {
  if (kind === "returned" || kind === "return_canceled") line.returning -= count;
  if (kind !== "return_canceled") line[kind as keyof Counters] += count;
}

test("for any claims and any ledger no counter is negative, and the groupings never have more than the line", () => {
  fc.assert(
    fc.property(ledgers, ({ quantity, claims, movements, line }) => {
      const shares = attribute(quantity, claims, movements);
      for (const share of shares) {
        expect(Object.values(share).every((count) => count >= 0)).toBe(true);
        expect(outstanding(share)).toBeGreaterThanOrEqual(0);
        expect(share.returning + share.returned).toBeLessThanOrEqual(share.fulfilled);
      }
      for (const name of Object.keys(line) as (keyof Counters)[]) {
        const sum = shares.reduce((total, share) => total + share[name], 0);
        expect(sum).toBeLessThanOrEqual(line[name]);
        // Nothing is lost: groupings that share the whole line have all that the line has.
        const claimed = claims.reduce((total, claim) => total + claim.quantity, 0);
        if (claimed >= quantity) expect(sum).toBe(line[name]);
      }
    }),
  );
});
