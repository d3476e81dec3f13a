/** Units of one SKU that came in together and lie together. All quantities are ordered units. */
export interface Lot {
  /** UUID, version 7. */
  id: string;
  facility_id: string;
  lot_number: string | null;
  purchase_order: string | null;
  /** `YYYY-MM-DD`: it may be picked until the end of that day, UTC. Null: for ever. */
  expiration_date: string | null;
  /** RFC 3339, UTC. */
  received_at: string;
  status: LotStatus;
  /** Units that are there. */
  quantity: number;
  /** Units of them that belong to lines of orders: never more than are there. */
  allocated: number;
}

/** Whether orders may have it: `quality_hold` and `damaged` units are there, but for nobody. */
export type LotStatus = "available" | "quality_hold" | "damaged";

/** The order in which lots of a SKU are picked: oldest first, first to expire first, newest first. */
export type PickStyle = "FIFO" | "FEFO" | "LIFO";

// Later than every date, so that what never expires is picked last.
const NEVER = "9999-99-99";

/** Units that no line has. */
export function freeUnits({ quantity, allocated }: Lot): number {
  return quantity - allocated;
}

/** Whether it may not be picked any more on this day (`YYYY-MM-DD`, UTC). */
export function isExpired({ expiration_date }: Lot, today: string): boolean {
  return expiration_date !== null && expiration_date < today;
}

/** Compares by pick style; equal lots by their ids, which is the order they were recorded in. */
export function comparePick(style: PickStyle): (one: Lot, other: Lot) => number {
  const byReceipt = (one: Lot, other: Lot) =>
    compareText(one.received_at, other.received_at) || compareText(one.id, other.id);
  if (style === "LIFO") return (one, other) => byReceipt(other, one);
  if (style === "FIFO") return byReceipt;
  return (one, other) =>
    compareText(one.expiration_date ?? NEVER, other.expiration_date ?? NEVER) || byReceipt(one, other);
}

/** By code units, as MongoDB sorts ASCII. */
export function compareText(one: string, other: string): number {
  if (one === other) return 0;
  return one < other ? -1 : 1;
}

/** The date of a date or an RFC 3339 time, in UTC; anything else is answered as it is. */
export function toDate(text: string): string {
  if (!text.includes("T")) return text;
  const time = Date.parse(text);
  return Number.isNaN(time) ? text : new Date(time).toISOString().slice(0, 10);
}

/** How many units these are together. */
export function sumOf(units: readonly { quantity: number }[]): number {
  return units.reduce((sum, { quantity }) => sum + quantity, 0);
}
