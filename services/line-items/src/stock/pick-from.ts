import type { PickFrom } from "@waybill/proto/line_items/v1/line_items.ts";
import { toDate, type Lot } from "./lot.ts";

/** Whether every hard rule lets the line have this lot (001 Orders, "Pick From Constraints"). */
export function isPermitted(lot: Lot, rules: readonly PickFrom[]): boolean {
  return rules.every((rule) => rule.match_style !== "hard" || placeOf(lot, rule) < rule.match_value.length);
}

/**
 * How much the line wants this lot: per rule, in the order given, the place of the value that it matches; one
 * that it does not match counts behind all of them. Smaller is better, the first difference decides.
 */
export function preference(lot: Lot, rules: readonly PickFrom[]): number[] {
  return rules.map((rule) => placeOf(lot, rule));
}

/** Compares preferences by the same rules. */
export function comparePreference(one: readonly number[], other: readonly number[]): number {
  const first = one.findIndex((place, index) => place !== other[index]);
  return first === -1 ? 0 : one[first]! - other[first]!;
}

/** Whether the line names lots that it must have. */
export function hasHardRule(rules: readonly PickFrom[]): boolean {
  return rules.some(({ match_style }) => match_style === "hard");
}

function placeOf(lot: Lot, { match_type, match_value }: PickFrom): number {
  const place = match_value.findIndex((value) => matches(lot, match_type, value));
  return place === -1 ? match_value.length : place;
}

function matches(lot: Lot, type: string | null | undefined, value: string): boolean {
  if (type === "purchase_order") return lot.purchase_order === value;
  if (type === "lot_number") return lot.lot_number === value;
  return lot.expiration_date !== null && lot.expiration_date === toDate(value);
}
