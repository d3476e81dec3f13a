import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type {
  FacilityInventory,
  InventoryEventData,
  SkuInventory,
} from "@waybill/proto/line_items/v1/inventory.ts";
import { comparePick, freeUnits, isExpired, type Lot, type LotStatus } from "./lot.ts";

/**
 * The stock of one SKU with all its lots as one document, so that whoever takes from it is guarded by its
 * version. `_id` is `stock/` and the SKU's id, whose events have a sequence of their own. A SKU without such a
 * document is untracked.
 */
export interface StockDocument extends AggregateDocument {
  sku_id: string;
  sku_customer_id: string;
  lots: Lot[];
  /**
   * Whether units became free that orders may be waiting for. They are offered to those first: until that is
   * done no other order takes any.
   */
  offering: boolean;
  /**
   * Counts how often units became free, or an order came to wait. Who offers units compares it: whoever was there
   * when they became free must have been found. Who ends an offer at the same time meets it as a conflict.
   */
  offers: number;
}

export const stockCollection: CollectionDeclaration = {
  name: "stock",
  indexes: [
    { name: "by_sku", key: { tenant_id: 1, sku_id: 1 }, unique: true },
    { name: "by_customer_identifier", key: { tenant_id: 1, sku_customer_id: 1 } },
    { name: "offering", key: { offering: 1 }, partialFilterExpression: { offering: true } },
  ],
};

/** What changed a SKU's stock: see `InventoryEventData`. */
export interface StockCause {
  cause: "received" | "adjusted" | "moved" | "allocated" | "released" | "shipped";
  reason?: string | null;
}

/** Units that come in. */
interface Arrival {
  facility_id: string;
  quantity: number;
  lot_number: string | null;
  purchase_order: string | null;
  expiration_date: string | null;
  received_at: string;
  status: LotStatus;
}

/** Every change writes all lots of the SKU; empty ones are forgotten. */
const LOTS_MAX = 500;
/** Counters have up to ten digits (000 Orders Groupings). */
const UNITS_MAX = 9_999_999_999;

/** The stock of a SKU of which nothing was recorded yet. */
export function newStock(
  sku: { _id: string; tenant_id: string; customer_identifier: string },
  now: string,
): StockDocument {
  return {
    ...newAggregate(`stock/${sku._id}`, sku.tenant_id, now),
    sku_id: sku._id,
    sku_customer_id: sku.customer_identifier,
    lots: [],
    offering: false,
    offers: 0,
  };
}

/** The stock when units of it became free: those who wait come first. */
export function onOffer(stock: StockDocument): StockDocument {
  return { ...stock, offering: true, offers: stock.offers + 1 };
}

/** Adds units to the lot that is like them, or as a new one with `newId`. */
export function receive(
  stock: StockDocument,
  arrival: Arrival,
  newId: string,
): { stock: StockDocument; lot: Lot } {
  const like = stock.lots.find((lot) => areAlike(lot, arrival));
  const lot: Lot = like
    ? { ...like, quantity: like.quantity + arrival.quantity }
    : { ...arrival, id: newId, allocated: 0 };
  if (lot.quantity > UNITS_MAX) throw new DomainError("OUT_OF_RANGE", `a lot has at most ${UNITS_MAX} units`);
  if (!like && stock.lots.length >= LOTS_MAX) throw new DomainError("TOO_MANY_LOTS");
  return { stock: onOffer(withLot(stock, lot)), lot };
}

/** Adds units to a lot, or takes free ones from it if `change` is negative. */
export function adjust(
  stock: StockDocument,
  lotId: string,
  change: number,
): { stock: StockDocument; lot: Lot } {
  const found = lotOf(stock, lotId);
  if (change < 0) assertFree(found, -change);
  const lot = { ...found, quantity: found.quantity + change };
  if (lot.quantity > UNITS_MAX) throw new DomainError("OUT_OF_RANGE", `a lot has at most ${UNITS_MAX} units`);
  const changed = withLot(stock, lot);
  return { stock: change > 0 ? onOffer(changed) : changed, lot };
}

/** Takes free units out of a lot and lets them come in elsewhere, or with another status. */
export function move(
  stock: StockDocument,
  lotId: string,
  quantity: number,
  to: { facility_id?: string | null | undefined; status?: LotStatus | null },
  newId: string,
): { stock: StockDocument; lot: Lot } {
  const from = lotOf(stock, lotId);
  const taken = adjust(stock, lotId, -quantity).stock;
  const { id: _id, allocated: _allocated, ...like } = from;
  const facility_id = to.facility_id ?? from.facility_id;
  return receive(taken, { ...like, quantity, facility_id, status: to.status ?? from.status }, newId);
}

/** Takes free units away from the lots that are meant, the oldest first. Answers the last that it took from. */
export function lose(
  stock: StockDocument,
  isMeant: (lot: Lot) => boolean,
  quantity: number,
): { stock: StockDocument; lot: Lot } {
  const meant = stock.lots.filter((lot) => isMeant(lot) && freeUnits(lot) > 0).toSorted(comparePick("FIFO"));
  const free = meant.reduce((sum, lot) => sum + freeUnits(lot), 0);
  if (free < quantity) throw insufficient(free);
  let left = { stock, lot: meant[0]! };
  let rest = quantity;
  for (const lot of meant) {
    if (rest === 0) break;
    const units = Math.min(rest, freeUnits(lot));
    left = adjust(left.stock, lot.id, -units);
    rest -= units;
  }
  return left;
}

/** The decision to keep this state: without its empty lots, and with the event that tells of the change. */
export function changedStock(stock: StockDocument, { cause, reason }: StockCause): Decision<StockDocument> {
  const state = { ...stock, lots: stock.lots.filter(({ quantity }) => quantity > 0) };
  const { updated_at: _at, ...inventory } = toInventory(state, state.updated_at);
  const data: InventoryEventData = { ...inventory, cause, reason: reason ?? null };
  const type = "waybill.inventory.changed.v1";
  const event = { topic: topics.inventory, type, messageType: "skuInventoryChange", key: stock.sku_id, data };
  return { state, events: [event] };
}

/** The message of a SKU's stock, as of a moment (RFC 3339, UTC): lots expire without a change. */
export function toInventory(
  { sku_id, sku_customer_id, lots, updated_at }: StockDocument,
  asOf: string,
): SkuInventory {
  const today = asOf.slice(0, 10);
  const byFacility = Map.groupBy(lots, ({ facility_id }) => facility_id);
  const facilities: FacilityInventory[] = [...byFacility]
    .map(([facility_id, own]) => ({ facility_id, ...sums(own, today) }))
    .toSorted((one, other) => (one.facility_id < other.facility_id ? -1 : 1));
  return { sku_id, sku_customer_id, ...sums(lots, today), facilities, as_of: asOf, updated_at };
}

/** The lot with this id. Throws `LOT_NOT_FOUND`. */
function lotOf({ lots }: StockDocument, id: string): Lot {
  const lot = lots.find((candidate) => candidate.id === id);
  if (!lot) throw new DomainError("LOT_NOT_FOUND");
  return lot;
}

function sums(lots: readonly Lot[], today: string): Omit<FacilityInventory, "facility_id"> {
  const total = { on_hand: 0, allocated: 0, available_to_sell: 0, quality_hold: 0, damaged: 0, expired: 0 };
  for (const lot of lots) {
    total.on_hand += lot.quantity;
    total.allocated += lot.allocated;
    total[kindOf(lot, today)] += freeUnits(lot);
  }
  return total;
}

function kindOf(lot: Lot, today: string) {
  if (lot.status !== "available") return lot.status;
  return isExpired(lot, today) ? "expired" : "available_to_sell";
}

function areAlike(lot: Lot, arrival: Arrival): boolean {
  const keys = ["facility_id", "lot_number", "purchase_order", "expiration_date", "status"] as const;
  const sameDay = lot.received_at.slice(0, 10) === arrival.received_at.slice(0, 10);
  return sameDay && keys.every((key) => lot[key] === arrival[key]);
}

function withLot(stock: StockDocument, lot: Lot): StockDocument {
  const others = stock.lots.filter(({ id }) => id !== lot.id);
  return { ...stock, lots: [...others, lot] };
}

function assertFree(lot: Lot, units: number): void {
  if (freeUnits(lot) < units) throw insufficient(freeUnits(lot));
}

function insufficient(free: number): DomainError {
  return new DomainError("INSUFFICIENT_STOCK", `only ${free} units are there that belong to no order`);
}
