import { writeAggregates } from "@waybill/events/aggregates.ts";
import type { ClientSession } from "mongodb";
import type { LineItemsContext } from "../context.ts";
import { byId, type Bookings, type AllocationDocument } from "./allocation.ts";
import { changedStocks, openShelves, type OpenShelves } from "./shelves.ts";
import { listFacilityDocuments } from "./stock-store.ts";

/** Which of these SKUs are tracked. Answered from an index alone. */
export async function findTrackedSkus(
  { stock }: LineItemsContext,
  tenantId: string,
  skuIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (skuIds.length === 0) return new Set();
  const found = await stock.collection
    .find({ tenant_id: tenantId, sku_id: { $in: [...skuIds] } })
    .project<{ sku_id: string }>({ _id: 0, sku_id: 1 })
    .toArray();
  return new Set(found.map(({ sku_id }) => sku_id));
}

/** The stock of these SKUs, to be decided about: two queries, however many. Untracked ones are not in it. */
export async function loadShelves(
  context: LineItemsContext,
  tenantId: string,
  skuIds: readonly string[],
  session?: ClientSession,
): Promise<OpenShelves> {
  const stocks = await context.stock.collection
    .find({ tenant_id: tenantId, sku_id: { $in: [...new Set(skuIds)] } }, session ? { session } : {})
    .toArray();
  const facilities = stocks.length > 0 ? await listFacilityDocuments(context, tenantId, session) : [];
  return openShelves(stocks, facilities, new Date().toISOString());
}

/** What these orders have of the stock, those that have any. */
export function findAllocations(
  { allocations }: LineItemsContext,
  tenantId: string,
  orderIds: readonly string[],
  session?: ClientSession,
): Promise<AllocationDocument[]> {
  return allocations
    .find({ _id: { $in: [...orderIds] }, tenant_id: tenantId }, session ? { session } : {})
    .toArray();
}

/** Where SKUs' stock changed by different events: the traceparent of each, by the SKU's id. */
export type Traces = ReadonlyMap<string, string>;

/** Makes the shelves the stock, with their events, and stores what the orders have: at most three calls. */
export async function saveStock(
  { stock, allocations }: LineItemsContext,
  shelves: OpenShelves,
  orders: readonly AllocationDocument[],
  traceparent: string,
  session: ClientSession,
  traces?: Traces,
): Promise<void> {
  const changed = changedStocks(shelves).map((decision) => {
    const own = traces?.get(decision.state.sku_id);
    return own ? { ...decision, traceparent: own } : decision;
  });
  await writeAggregates(stock, changed, traceparent, session);
  if (orders.length === 0) return;
  const writes = orders.map((replacement) => {
    const { _id, ...fields } = replacement;
    return { replaceOne: { filter: { _id }, replacement: fields, upsert: true } };
  });
  await allocations.bulkWrite(writes, { session, ordered: false });
}

/** The ids of attempts that would wait for a SKU if they became orders. */
export async function findUnconfirmed(
  { allocations }: LineItemsContext,
  tenantId: string,
  skuId: string,
  limit: number,
): Promise<string[]> {
  const found = await allocations
    .find({ tenant_id: tenantId, waiting_skus: skuId, confirmed: false })
    .project<{ _id: string }>({ _id: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id }) => _id);
}

/** Has the free units of these SKUs offered to those who wait. */
export async function putOnOffer(
  { stock }: LineItemsContext,
  tenantId: string,
  skuIds: readonly string[],
  session: ClientSession,
): Promise<void> {
  if (skuIds.length === 0) return;
  const ofSkus = { tenant_id: tenantId, sku_id: { $in: [...new Set(skuIds)] } };
  await stock.collection.updateMany(ofSkus, { $set: { offering: true }, $inc: { offers: 1 } }, { session });
}

/**
 * Notes that attempts of one tenant have become orders, as part of the caller's transaction: from now on they
 * can wait. Units that became free in between are offered to them. Answers what they have.
 */
export async function confirmOrders(
  context: LineItemsContext,
  tenantId: string,
  orderIds: readonly string[],
  session: ClientSession,
): Promise<Bookings> {
  const found = await findAllocations(context, tenantId, orderIds, session);
  const attempts = found.filter(({ confirmed }) => !confirmed);
  if (attempts.length === 0) return new Map();
  const ids = attempts.map(({ _id }) => _id);
  await context.allocations.updateMany({ _id: { $in: ids } }, { $set: { confirmed: true } }, { session });
  const skuIds = attempts.flatMap(({ waiting_skus }) => waiting_skus);
  await putOnOffer(context, tenantId, skuIds, session);
  return byId(attempts);
}
