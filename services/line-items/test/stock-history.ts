import { randomUUID } from "node:crypto";
import type { Db, Document } from "mongodb";
import { compareTurn, type AllocationDocument } from "../src/stock/allocation.ts";
import type { Lot } from "../src/stock/lot.ts";
import { isPermitted } from "../src/stock/pick-from.ts";
import type { StockDocument } from "../src/stock/stock.ts";
import type { OrderLinesDocument } from "../src/order-lines.ts";

/** What is known of a tenant's stock after one of its transactions. */
interface StockState {
  allocations: ReadonlyMap<string, AllocationDocument>;
  lines: ReadonlyMap<string, OrderLinesDocument>;
  stocks: ReadonlyMap<string, StockDocument>;
  /** The orders that were there, by when they were noted: see `noteOrders`. */
  noted: ReadonlyMap<string, number>;
  /** When units of a SKU last became free. */
  freed: ReadonlyMap<string, number>;
  /** Counts the transactions. */
  at: number;
}

const MARKS = "history_marks";
const collections = ["allocations", "order_lines", "stock", MARKS];

/** The moment that a history begins at. */
export async function historyNow(db: Db): Promise<Document["operationTime"]> {
  const { operationTime } = await db.command({ hello: 1 });
  return operationTime;
}

/** Writes into the history that these orders are there. */
export async function noteOrders(db: Db, tenantId: string, orders: readonly string[]): Promise<void> {
  await db.collection<Document>(MARKS).insertOne({ tenant_id: tenantId, orders: [...orders] });
}

/**
 * Who got units that another one came first for, in all that was committed since `from`: units that one of the
 * orders that waited, was there when the units became free, and has its turn earlier, may have and still misses.
 * An order that did not wait comes behind all that do. One that must be a single shipment wants units of the
 * facility that it has units of; of any if it has none.
 */
export async function findOvertaken(
  db: Db,
  tenantId: string,
  from: Document["operationTime"],
): Promise<string[]> {
  const overtaken: string[] = [];
  let before: StockState | null = null;
  for await (const after of statesSince(db, tenantId, from)) {
    if (before !== null) overtaken.push(...judge(before, after));
    before = after;
  }
  return overtaken;
}

function judge(before: StockState, after: StockState): string[] {
  return [...after.allocations.values()].flatMap((order) =>
    gainsOf(before.allocations.get(order._id), order).flatMap(({ skuId, lotId }) => {
      const lot = after.stocks.get(skuId)!.lots.find(({ id }) => id === lotId)!;
      return [...after.allocations.values()]
        .filter((other) => comesFirst(other, order, skuId, before) && misses(other, skuId, lot, after))
        .map((other) => `${order._id} got units of ${skuId} before ${other._id}`);
    }),
  );
}

/** The lots that an order has more units of than before. */
function gainsOf(
  before: AllocationDocument | undefined,
  order: AllocationDocument,
): { skuId: string; lotId: string }[] {
  if (before === order) return [];
  const had = unitsByLot(before);
  const has = [...unitsByLot(order)];
  return has
    .filter(([key, units]) => units > (had.get(key) ?? 0))
    .map(([key]) => {
      const [skuId, lotId] = key.split("/");
      return { skuId: skuId!, lotId: lotId! };
    });
}

function unitsByLot(order: AllocationDocument | undefined): Map<string, number> {
  const units = new Map<string, number>();
  for (const { sku_id, taken } of order?.lines ?? [])
    for (const { lot_id, quantity } of taken) {
      const key = `${sku_id}/${lot_id}`;
      units.set(key, (units.get(key) ?? 0) + quantity);
    }
  return units;
}

function comesFirst(
  other: AllocationDocument,
  order: AllocationDocument,
  skuId: string,
  { allocations, noted, freed }: StockState,
): boolean {
  const before = allocations.get(other._id);
  if (other._id === order._id || !before?.waiting_skus.includes(skuId)) return false;
  const isThere = before.confirmed || (noted.get(other._id) ?? Infinity) < (freed.get(skuId) ?? -1);
  const waited = allocations.get(order._id)?.waiting_skus.includes(skuId);
  return isThere && (!waited || compareTurn(other, order) < 0);
}

function misses(
  { _id, lines, terms }: AllocationDocument,
  skuId: string,
  lot: Lot,
  { lines: ofOrders }: StockState,
): boolean {
  const [facility] = lines.flatMap(({ taken }) => taken.map(({ facility_id }) => facility_id));
  const isElsewhere = terms.split_policy === "single_shipment" && facility && facility !== lot.facility_id;
  if (isElsewhere) return false;
  const items = ofOrders.get(_id)?.lines ?? [];
  return lines
    .filter(({ sku_id, backordered }) => sku_id === skuId && backordered > 0)
    .some((line) => {
      const item = items.find(({ id }) => id === line.order_line_item_id);
      return item !== undefined && isPermitted(lot, item.pick_from);
    });
}

async function* statesSince(
  db: Db,
  tenantId: string,
  from: Document["operationTime"],
): AsyncGenerator<StockState> {
  const maps = {
    allocations: new Map<string, Document>(),
    order_lines: new Map<string, Document>(),
    stock: new Map<string, Document>(),
  };
  const noted = new Map<string, number>();
  const freed = new Map<string, number>();
  let at = 0;
  for await (const changes of transactionsSince(db, from)) {
    at += 1;
    for (const change of changes) {
      const name = change["ns"].coll as keyof typeof maps | typeof MARKS;
      if (name === MARKS) {
        const { tenant_id, orders } = change["fullDocument"];
        if (tenant_id === tenantId) for (const id of orders) if (!noted.has(id)) noted.set(id, at);
        continue;
      }
      const next = applied(maps[name].get(change["documentKey"]._id), change);
      if (name === "stock" && next && next["offers"] !== maps.stock.get(next["_id"])?.["offers"])
        freed.set(next["sku_id"], at);
      if (next === null) maps[name].delete(change["documentKey"]._id);
      else if (next?.["tenant_id"] === tenantId) maps[name].set(next["_id"], next);
    }
    const stocks = [...maps.stock.values()].map((stock) => [stock["sku_id"], stock]);
    yield {
      allocations: new Map(maps.allocations) as Map<string, never>,
      lines: new Map(maps.order_lines) as Map<string, never>,
      stocks: new Map(stocks as [string, never][]),
      noted: new Map(noted),
      freed: new Map(freed),
      at,
    };
  }
}

/** The document after a change; null if it is gone, undefined if it is none that is followed. */
function applied(before: Document | undefined, change: Document): Document | null | undefined {
  if (change["operationType"] === "delete") return null;
  if (change["fullDocument"]) return change["fullDocument"];
  return before && { ...before, ...change["updateDescription"].updatedFields };
}

/** The changes of the stock until now, those of one transaction together, in the order of their commits. */
async function* transactionsSince(db: Db, from: Document["operationTime"]): AsyncGenerator<Document[]> {
  const end = randomUUID();
  await db.collection<Document>(MARKS).insertOne({ end, tenant_id: end, orders: [] });
  const match = [{ $match: { "ns.coll": { $in: collections } } }];
  await using stream = db.watch<Document>(match, { startAtOperationTime: from });
  let changes: Document[] = [];
  for await (const change of stream as AsyncIterable<Document>) {
    if (changes.length > 0 && transactionOf(change) !== transactionOf(changes[0]!)) {
      yield changes;
      changes = [];
    }
    changes.push(change);
    if (change["fullDocument"]?.end === end) return yield changes;
  }
}

function transactionOf({ lsid, txnNumber, _id }: Document): string {
  return lsid ? `${lsid.id.toString("hex")}/${String(txnNumber)}` : String(_id._data);
}
