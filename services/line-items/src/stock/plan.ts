import type {
  AllocationTerms,
  LineAllocation,
  LotUnits,
  OrderAllocation,
} from "@waybill/proto/line_items/v1/allocation.ts";
import { choose, lotsOf, type Choice } from "./choice.ts";
import type { OrderDemand } from "./demand.ts";
import { explainLine, rankFacilities, shorten } from "./explanation.ts";
import { chooseFacilities } from "./facility-choice.ts";
import { freeUnits, sumOf } from "./lot.ts";
import { hasHardRule } from "./pick-from.ts";
import { routeOf, type Route } from "./routing.ts";
import type { Shelves } from "./shelves.ts";

/**
 * Decides which units of which lots an order gets, takes them from the shelves, and says why. Lines that must
 * have certain lots choose before those that need not. Of what may be taken, a line takes what its pick_from
 * prefers, then the facility that routing prefers, then by its SKU's pick style.
 */
export function planOrder(order: OrderDemand, shelves: Shelves): OrderAllocation {
  const route = routeOf(order.terms, shelves.facilities);
  const today = shelves.now.slice(0, 10);
  const choices = order.lines.map((demand) => choose(demand, shelves, route, today));
  const before = new Map(choices.flatMap(lotsOf).map((lot) => [lot.id, freeUnits(lot)]));
  const from = facilitiesFor(order, choices, route);
  const taken = take(choices, from);
  const lines = choices
    .map((choice, index) => explainLine(choice, taken[index]!, from, before))
    .map((line) => settleMissing(line, order.terms));
  return {
    order_id: order.orderId,
    status: statusOf(lines),
    terms: order.terms,
    facilities: rankFacilities(route, lines, choices, order.terms),
    lines: shorten(lines),
    decided_at: shelves.now,
  };
}

/** `backordered`, `shorted`, `allocated` or `untracked`: see `OrderAllocation`. */
export function statusOf(lines: readonly LineAllocation[]): string {
  if (lines.some(({ backordered }) => backordered > 0)) return "backordered";
  if (lines.some(({ shorted }) => shorted > 0)) return "shorted";
  return lines.some(({ tracked }) => tracked) ? "allocated" : "untracked";
}

function facilitiesFor(order: OrderDemand, choices: readonly Choice[], { open }: Route): ReadonlySet<string> {
  const used = [...new Set(order.lines.flatMap(({ held }) => held.map(({ facility_id }) => facility_id)))];
  const stocked = new Set(
    choices.flatMap(({ missing, wanted }) =>
      missing > 0 ? wanted.filter((lot) => freeUnits(lot) > 0).map(({ facility_id }) => facility_id) : [],
    ),
  );
  const policy = order.terms.split_policy ?? "minimize_splits";
  const chosen = chooseFacilities(policy, {
    candidates: open.filter((id) => stocked.has(id)),
    used,
    units: (from) => supply(choices, from).reduce((sum, units) => sum + sumOf(units), 0),
  });
  return policy === "single_shipment" ? chosen : withNeglected(choices, chosen);
}

/**
 * The facilities, and those that have units which a line would still miss: more facilities need not supply
 * more in sum, since one line may take what another one can have nowhere else.
 */
function withNeglected(choices: readonly Choice[], chosen: ReadonlySet<string>): ReadonlySet<string> {
  const supplied = supply(choices, chosen);
  const neglected = choices.flatMap(({ missing, wanted }, index) =>
    missing > sumOf(supplied[index]!)
      ? wanted.filter((lot) => freeUnits(lot) > 0 && !chosen.has(lot.facility_id))
      : [],
  );
  const [lot] = neglected;
  return lot ? withNeglected(choices, new Set([...chosen, lot.facility_id])) : chosen;
}

/** What each line would take from these facilities; takes nothing. */
function supply(choices: readonly Choice[], from: ReadonlySet<string>): LotUnits[][] {
  const gone = new Map<string, number>();
  const supplied = new Map<Choice, LotUnits[]>();
  for (const choice of inTurn(choices)) {
    let rest = choice.missing;
    const units: LotUnits[] = [];
    for (const lot of choice.wanted) {
      if (rest === 0) break;
      if (!from.has(lot.facility_id)) continue;
      const quantity = Math.min(rest, freeUnits(lot) - (gone.get(lot.id) ?? 0));
      if (quantity <= 0) continue;
      gone.set(lot.id, (gone.get(lot.id) ?? 0) + quantity);
      rest -= quantity;
      units.push({ lot_id: lot.id, facility_id: lot.facility_id, quantity });
    }
    supplied.set(choice, units);
  }
  return choices.map((choice) => supplied.get(choice)!);
}

function inTurn(choices: readonly Choice[]): Choice[] {
  const bound = (choice: Choice) => Number(!hasHardRule(choice.demand.pickFrom));
  return choices.toSorted((one, other) => bound(one) - bound(other));
}

function take(choices: readonly Choice[], from: ReadonlySet<string>): LotUnits[][] {
  const taken = supply(choices, from);
  choices.forEach(({ wanted }, index) => {
    const lots = new Map(wanted.map((lot) => [lot.id, lot]));
    for (const { lot_id, quantity } of taken[index]!) lots.get(lot_id)!.allocated += quantity;
  });
  return taken;
}

function settleMissing(line: LineAllocation, { backorder_policy }: AllocationTerms): LineAllocation {
  if (backorder_policy !== "cancel_shorts") return line;
  const { settled, shorted, backordered } = line;
  return { ...line, settled: settled + backordered, shorted: shorted + backordered, backordered: 0 };
}
