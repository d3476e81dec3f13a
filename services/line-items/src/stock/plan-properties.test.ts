import type { OrderAllocation } from "@waybill/proto/line_items/v1/allocation.ts";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { line, lot, plan } from "../../test/stock-samples.ts";
import { freeUnits, sumOf, type Lot } from "./lot.ts";
import { isPermitted } from "./pick-from.ts";

describe("whatever is asked for", () => {
  const values = fc.constantFrom("1", "2", "3");
  const rules = fc.array(
    fc.record({
      match_type: fc.constantFrom("purchase_order", "lot_number"),
      match_style: fc.constantFrom("hard", "soft"),
      match_value: fc.array(values, { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 2 },
  );
  const lots = fc.array(
    fc.record({
      facility_id: fc.constantFrom("home", "near", "abroad"),
      lot_number: fc.option(values),
      purchase_order: fc.option(values),
      status: fc.constantFrom<Lot["status"]>("available", "available", "damaged"),
      quantity: fc.integer({ min: 0, max: 8 }),
      allocated: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 6 },
  );
  const demands = fc.array(
    fc.record({
      skuId: fc.constantFrom("tea", "cup"),
      pickFrom: rules,
      quantity: fc.integer({ min: 1, max: 9 }),
    }),
    { minLength: 1, maxLength: 3 },
  );
  const policies = fc.constantFrom("single_shipment", "minimize_splits", "allow_splits");
  const cases = fc.record({ tea: lots, cup: lots, demands, split_policy: policies });
  type Case = typeof cases extends fc.Arbitrary<infer Value> ? Value : never;

  function run({ tea, cup, demands: wanted, split_policy }: Case) {
    const make = (sku: string, of: Case["tea"]) =>
      of.map((one, index) =>
        lot(`${sku}-${index}`, one.quantity, { ...one, allocated: Math.min(one.quantity, one.allocated) }),
      );
    const stock = { tea: make("tea", tea), cup: make("cup", cup) };
    const before = structuredClone(stock);
    const lines = wanted.map((one, index) => line(one.quantity, { ...one, lineId: `line-${index}` }));
    return { planned: plan(lines, stock, { split_policy }), stock, before, lines };
  }
  const units = (planned: OrderAllocation) => planned.lines.reduce((sum, one) => sum + one.allocated, 0);
  const facilitiesOf = (planned: OrderAllocation) =>
    new Set(planned.lines.flatMap((one) => one.taken.map(({ facility_id }) => facility_id)));

  it("no lot gives more than it has, and what lines take is what lots give", () =>
    fc.assert(
      fc.property(cases, (given) => {
        const { planned, stock, before } = run(given);
        for (const sku of ["tea", "cup"] as const) {
          stock[sku].forEach((after, index) => {
            const given = planned.lines.flatMap((one) =>
              one.taken.filter(({ lot_id }) => lot_id === after.id),
            );
            expect(after.allocated).toBe(before[sku][index]!.allocated + sumOf(given));
            expect(freeUnits(after)).toBeGreaterThanOrEqual(0);
          });
        }
        for (const one of planned.lines) expect(one.allocated + one.backordered).toBe(one.quantity);
      }),
    ));

  it("no line has a lot that its hard rules or the lot's status exclude", () =>
    fc.assert(
      fc.property(cases, (given) => {
        const { planned, stock, lines } = run(given);
        const all = new Map([...stock.tea, ...stock.cup].map((one) => [one.id, one]));
        planned.lines.forEach((one, index) => {
          for (const { lot_id } of one.taken) {
            expect(isPermitted(all.get(lot_id)!, lines[index]!.pickFrom)).toBe(true);
            expect(all.get(lot_id)!.status).toBe("available");
          }
        });
      }),
    ));

  it("nothing waits while a lot that it may have is free, unless it may not be split", () =>
    fc.assert(
      fc.property(cases, (given) => {
        const { planned, stock, lines } = run({ ...given, split_policy: "minimize_splits" });
        planned.lines.forEach((one, index) => {
          if (one.backordered === 0) return;
          const free = stock[lines[index]!.skuId as "tea" | "cup"].filter(
            (each) =>
              freeUnits(each) > 0 && each.status === "available" && isPermitted(each, lines[index]!.pickFrom),
          );
          expect(free).toEqual([]);
        });
      }),
    ));

  it("single_shipment takes from one facility, minimize_splits from no more than are needed", () =>
    fc.assert(
      fc.property(cases, (given) => {
        expect(
          facilitiesOf(run({ ...given, split_policy: "single_shipment" }).planned).size,
        ).toBeLessThanOrEqual(1);
        const few = run({ ...given, split_policy: "minimize_splits" }).planned;
        const many = run({ ...given, split_policy: "allow_splits" }).planned;
        expect(units(few)).toBe(units(many));
        expect(facilitiesOf(few).size).toBeLessThanOrEqual(facilitiesOf(many).size);
      }),
    ));
});
