import type { AllocationTerms } from "@waybill/proto/line_items/v1/allocation.ts";
import { compareText } from "./lot.ts";

/** What routing looks at. */
export interface RoutedFacility {
  id: string;
  /** ISO 3166 alpha-2. */
  country_code: string;
  /** What shipping from it costs compared to others: 1 is the cheapest. */
  cost_rank: number;
  /** From an order's arrival there to its handover to the carrier. */
  lead_time_hours: number;
}

/** The facilities that an order may have units of, and those that it may not. Each the preferred first. */
export interface Route {
  open: string[];
  closed: string[];
}

type Compare = (one: RoutedFacility, other: RoutedFacility) => number;

const byCost: Compare = (one, other) => one.cost_rank - other.cost_rank || compareText(one.id, other.id);
const bySpeed: Compare = (one, other) => one.lead_time_hours - other.lead_time_hours || byCost(one, other);

/**
 * The facilities as an order's routing_policy ranks them. For `least_cost` and `fastest` those of the
 * destination's country come first: a border costs more, and takes longer, than any difference between
 * facilities. `specific_facility` leaves only one open.
 */
export function routeOf(
  { routing_policy, facility_id, country_code }: AllocationTerms,
  facilities: readonly RoutedFacility[],
): Route {
  if (routing_policy === "specific_facility") return onlyOne(facilities, facility_id ?? null);
  const abroad = (facility: RoutedFacility) => Number(facility.country_code !== country_code);
  const within = routing_policy === "fastest" ? bySpeed : byCost;
  const ranked = facilities.toSorted((one, other) => abroad(one) - abroad(other) || within(one, other));
  return { open: ranked.map(({ id }) => id), closed: [] };
}

function onlyOne(facilities: readonly RoutedFacility[], named: string | null): Route {
  const ids = facilities.toSorted(byCost).map(({ id }) => id);
  const wanted = named ?? ids[0];
  return { open: ids.filter((id) => id === wanted), closed: ids.filter((id) => id !== wanted) };
}
