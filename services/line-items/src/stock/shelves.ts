import { stamped, type Decision } from "@waybill/events/aggregates.ts";
import type { LotUnits } from "@waybill/proto/line_items/v1/allocation.ts";
import type { FacilityDocument } from "./facility.ts";
import { freeUnits, type Lot } from "./lot.ts";
import type { RoutedFacility } from "./routing.ts";
import { changedStock, onOffer, type StockCause, type StockDocument } from "./stock.ts";

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

/** The stock of some SKUs while it is decided about: planning and moving units writes on `lots`. */
export interface OpenShelves extends Shelves {
  lots: Map<string, Lot[]>;
  /** As it was read. */
  stocks: readonly StockDocument[];
}

/** Leaves the free units of the SKUs on offer alone, except those of this one. */
export function reserveOffered(shelves: OpenShelves, skuId: string): OpenShelves {
  const others = shelves.stocks.filter(({ offering, sku_id }) => offering && sku_id !== skuId);
  return { ...shelves, reserved: new Set(others.map(({ sku_id }) => sku_id)) };
}

/** Shelves with what lies on them now. */
export function openShelves(
  stocks: readonly StockDocument[],
  facilities: readonly FacilityDocument[],
  now: string,
): OpenShelves {
  const lots = new Map(stocks.map(({ sku_id, lots: stored }) => [sku_id, stored.map((lot) => ({ ...lot }))]));
  return { lots, stocks, facilities, now, reserved: new Set() };
}

/** Gives units of a line back to their lots. */
export function putBack(shelves: OpenShelves, skuId: string, units: readonly LotUnits[]): void {
  for (const { lot_id, quantity } of units) lotOn(shelves, skuId, lot_id).allocated -= quantity;
}

/** Lets units of a line leave the building. */
export function takeAway(shelves: OpenShelves, skuId: string, units: readonly LotUnits[]): void {
  for (const { lot_id, quantity } of units) {
    const lot = lotOn(shelves, skuId, lot_id);
    lot.allocated -= quantity;
    lot.quantity -= quantity;
  }
}

/**
 * The decisions that make the shelves the stock: one for each SKU of which something changed. Where units
 * became free they are offered to those who wait.
 */
export function changedStocks({ stocks, lots }: OpenShelves): Decision<StockDocument>[] {
  return stocks.flatMap((stock) => {
    const now = lots.get(stock.sku_id)!;
    const [before, after] = [sumsOf(stock.lots), sumsOf(now)];
    const changed = now.some(
      (lot, index) =>
        lot.allocated !== stock.lots[index]!.allocated || lot.quantity !== stock.lots[index]!.quantity,
    );
    if (!changed) return [];
    const isFreed = now.some((lot, index) => freeUnits(lot) > freeUnits(stock.lots[index]!));
    const state = { ...stamped(stock), lots: now };
    return [changedStock(isFreed ? onOffer(state) : state, causeOf(before, after))];
  });
}

function causeOf(before: Sums, after: Sums): StockCause {
  if (after.quantity < before.quantity) return { cause: "shipped" };
  return { cause: after.allocated < before.allocated ? "released" : "allocated" };
}

interface Sums {
  quantity: number;
  allocated: number;
}

function sumsOf(lots: readonly Lot[]): Sums {
  return {
    quantity: lots.reduce((sum, lot) => sum + lot.quantity, 0),
    allocated: lots.reduce((sum, lot) => sum + lot.allocated, 0),
  };
}

function lotOn({ lots }: OpenShelves, skuId: string, lotId: string): Lot {
  const lot = lots.get(skuId)?.find(({ id }) => id === lotId);
  if (!lot) throw new Error("units of a lot that is not there");
  return lot;
}
