import type { LineDemand } from "./demand.ts";
import { comparePick, isExpired, sumOf, type Lot } from "./lot.ts";
import { comparePreference, isPermitted, preference } from "./pick-from.ts";
import type { Route } from "./routing.ts";
import type { Shelves } from "./shelves.ts";

/** A line with the lots it may have, in the order it wants them, and those it may not, with the reason. */
export interface Choice {
  demand: LineDemand;
  tracked: boolean;
  missing: number;
  wanted: Lot[];
  refused: { lot: Lot; reason: string }[];
}

/** What a line may have of the lots of its SKU; takes nothing. */
export function choose(
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

/** All lots of the line's SKU. */
export function lotsOf({ wanted, refused }: Choice): Lot[] {
  return [...wanted, ...refused.map(({ lot }) => lot)];
}
