import type {
  AllocationTerms,
  FacilityRank,
  LineAllocation,
  LotCandidate,
  LotUnits,
} from "@waybill/proto/line_items/v1/allocation.ts";
import type { Choice } from "./choice.ts";
import { freeUnits, sumOf, type Lot } from "./lot.ts";
import type { Route } from "./routing.ts";

/** More would make the explanation of a large order larger than the order. */
const CANDIDATES_MAX = 50;
const CANDIDATES_OF_ORDER_MAX = 2_000;
const FACILITIES_SHOWN_MAX = 50;

/** What a line has after `added`, and why. `before` holds the units that were free in each lot. */
export function explainLine(
  choice: Choice,
  added: readonly LotUnits[],
  from: ReadonlySet<string>,
  before: ReadonlyMap<string, number>,
): LineAllocation {
  const { demand, missing, tracked } = choice;
  const taken = joinUnits([...demand.held, ...added]);
  const units = new Map(taken.map(({ lot_id, quantity }) => [lot_id, quantity]));
  const held = new Map(demand.held.map(({ lot_id, quantity }) => [lot_id, quantity]));
  const candidate = (lot: Lot, reason: string | null) => ({
    ...describe(lot),
    available: before.get(lot.id)! + (held.get(lot.id) ?? 0),
    taken: units.get(lot.id) ?? 0,
    reason: units.has(lot.id) ? null : reason,
  });
  return {
    order_line_item_id: demand.lineId,
    sku_id: demand.skuId,
    sku_customer_id: demand.skuCustomerId,
    pick_style: demand.pickStyle,
    tracked,
    quantity: demand.quantity,
    settled: demand.settled,
    allocated: sumOf(taken),
    backordered: missing - sumOf(added),
    shorted: demand.shorted,
    taken,
    candidates: [
      ...choice.wanted.map((lot) => candidate(lot, whyNot(lot, from))),
      ...choice.refused.map(({ lot, reason }) => candidate(lot, reason)),
    ],
    candidates_omitted: 0,
  };
}

function whyNot(lot: Lot, from: ReadonlySet<string>): string {
  if (freeUnits(lot) <= 0) return "none_left";
  return from.has(lot.facility_id) ? "not_needed" : "split_policy";
}

function describe(lot: Lot): Omit<LotCandidate, "available" | "taken" | "reason"> {
  const { id, facility_id, lot_number, purchase_order, expiration_date, received_at } = lot;
  return { lot_id: id, facility_id, lot_number, purchase_order, expiration_date, received_at };
}

/** The facilities as routing ranked them, with what each is for the order. */
export function rankFacilities(
  { open, closed }: Route,
  lines: readonly LineAllocation[],
  choices: readonly Choice[],
  { split_policy }: AllocationTerms,
): FacilityRank[] {
  const used = new Set(lines.flatMap(({ taken }) => taken.map(({ facility_id }) => facility_id)));
  const stocked = new Set(
    choices.flatMap(({ wanted }) => wanted.filter((lot) => freeUnits(lot) > 0)).map((lot) => lot.facility_id),
  );
  const unneeded = split_policy === "allow_splits" ? "not_needed" : "split_policy";
  const reasonOf = (id: string) => {
    if (used.has(id)) return null;
    if (closed.includes(id)) return "routing_policy";
    return stocked.has(id) ? unneeded : "no_stock";
  };
  return [...open, ...closed]
    .slice(0, FACILITIES_SHOWN_MAX)
    .map((id, index) => ({ facility_id: id, rank: index + 1, used: used.has(id), reason: reasonOf(id) }));
}

/** The lines of one order with as many candidates as their explanation may have. */
export function shorten(lines: readonly LineAllocation[]): LineAllocation[] {
  const shown = Math.min(CANDIDATES_MAX, Math.floor(CANDIDATES_OF_ORDER_MAX / lines.length));
  return lines.map((line) => ({
    ...line,
    candidates: line.candidates.slice(0, shown),
    candidates_omitted: Math.max(0, line.candidates.length - shown),
  }));
}

/** One entry per lot. */
function joinUnits(units: readonly LotUnits[]): LotUnits[] {
  const byLot = Map.groupBy(units, ({ lot_id }) => lot_id);
  return [...byLot.values()].map((parts) => ({ ...parts[0]!, quantity: sumOf(parts) }));
}
