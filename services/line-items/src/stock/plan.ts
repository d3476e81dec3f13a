import type {
  AllocationTerms,
  LineAllocation,
  LotUnits,
  OrderAllocation,
} from "@waybill/proto/line_items/v1/allocation.ts";
import type { PickFrom } from "@waybill/proto/line_items/v1/line_items.ts";
import { explainLine, rankFacilities, shorten } from "./explanation.ts";
import { comparePick, freeUnits, isExpired, sumOf, type Lot, type PickStyle } from "./lot.ts";
import { comparePreference, hasHardRule, isPermitted, preference } from "./pick-from.ts";
import { routeOf, type Route, type RoutedFacility } from "./routing.ts";
import { chooseFacilities } from "./facility-choice.ts";

/** What one line asks for. */
export interface LineDemand {
  lineId: string;
  skuId: string;
  skuCustomerId: string;
  pickFrom: readonly PickFrom[];
  pickStyle: PickStyle;
  /** Ordered units. */
  quantity: number;
  /** Units that need no stock any more: shipped, shorted or canceled. */
  settled: number;
  /** Units of `settled` that were shorted here, for want of stock. */
  shorted: number;
  /** Units of lots that it has and keeps. */
  held: readonly LotUnits[];
}

/** What one order asks for. */
export interface OrderDemand {
  orderId: string;
  terms: AllocationTerms;
  lines: readonly LineDemand[];
}

/** What there is to take from. */
export interface Shelves {
  /** The lots of each SKU whose stock is recorded, by SKU id: copies, which planning writes on. */
  lots: ReadonlyMap<string, Lot[]>;
  facilities: readonly RoutedFacility[];
  /** The ids of SKUs whose free units are for others. */
  reserved: ReadonlySet<string>;
  /** RFC 3339, UTC. */
  now: string;
}

/** A line with the lots it may have, in the order it wants them, and those it may not, with the reason. */
export interface Choice {
  demand: LineDemand;
  tracked: boolean;
  missing: number;
  wanted: Lot[];
  refused: { lot: Lot; reason: string }[];
}

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

function choose(
  demand: LineDemand,
  { lots: ofSkus, reserved }: Shelves,
  { open }: Route,
  today: string,
): Choice {
  const lots = ofSkus.get(demand.skuId);
  const missing = demand.quantity - demand.settled - sumOf(demand.held);
  const isReserved = reserved.has(demand.skuId);
  const judged = (lots ?? []).map((lot) => {
    const reason = refusalOf(lot, demand, open, today);
    return { lot, reason: reason === null && isReserved ? "on_offer" : reason };
  });
  const wanted = judged.filter(({ reason }) => reason === null).map(({ lot }) => lot);
  return {
    demand,
    tracked: lots !== undefined,
    missing: lots === undefined ? 0 : Math.max(0, missing),
    wanted: sortByWish(wanted, demand, open),
    refused: judged.filter((item): item is { lot: Lot; reason: string } => item.reason !== null),
  };
}

function refusalOf(lot: Lot, { pickFrom }: LineDemand, open: readonly string[], today: string) {
  if (lot.status !== "available") return "on_hold";
  if (isExpired(lot, today)) return "expired";
  if (!isPermitted(lot, pickFrom)) return "pick_from";
  return open.includes(lot.facility_id) ? null : "routing_policy";
}

function sortByWish(
  lots: readonly Lot[],
  { pickFrom, pickStyle }: LineDemand,
  open: readonly string[],
): Lot[] {
  const byStyle = comparePick(pickStyle);
  const wishes = lots.map((lot) => ({
    lot,
    preference: preference(lot, pickFrom),
    rank: open.indexOf(lot.facility_id),
  }));
  return wishes
    .toSorted(
      (one, other) =>
        comparePreference(one.preference, other.preference) ||
        one.rank - other.rank ||
        byStyle(one.lot, other.lot),
    )
    .map(({ lot }) => lot);
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

function lotsOf({ wanted, refused }: Choice): Lot[] {
  return [...wanted, ...refused.map(({ lot }) => lot)];
}
