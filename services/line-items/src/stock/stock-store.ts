import { writeAggregates, stamped, type Decision } from "@waybill/events/aggregates.ts";
import { fingerprint } from "@waybill/events/fingerprint.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { ClientSession, Collection } from "mongodb";
import { ringOnceCommitted, type LineItemsContext } from "../context.ts";
import { FACILITIES_MAX, facilityKey, newFacility, type FacilityDocument } from "./facility.ts";
import type { Lot } from "./lot.ts";
import { changedStock, newStock, type StockCause, type StockDocument } from "./stock.ts";
import type { SkuDocument } from "../sku.ts";
import { markUsed } from "../sku-store.ts";

/** A change of stock that was made, so that its repeat changes nothing. */
interface StockRequestDocument {
  /** The tenant and the request id that the caller chose. */
  _id: string;
  tenant_id: string;
  sku_id: string;
  /** Of what was asked for. */
  fingerprint: string;
  /** The lot that the answer shows, as it was then. */
  lot: Lot;
  expires_at: Date;
}

export const stockRequestsCollection: CollectionDeclaration = {
  name: "stock_requests",
  indexes: [{ name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 }],
};

/** The requests that were made, for the context. */
export type StockRequests = Collection<StockRequestDocument>;

const REQUEST_KEPT_MS = 30 * 24 * 3600 * 1000;

/** Who changes the stock of which SKU. */
export interface StockChange {
  sku: SkuDocument;
  requestId: string;
  /** What is asked for: a repeat asks for the same. */
  request: object;
  traceparent: string;
  /** The facility that units come to; it must be known. */
  facilityId?: string | null;
}

/**
 * Changes the stock of one SKU by a pure rule, which answers the new stock and the lot to show, in one
 * transaction with the event and the request's id. A repeat answers the lot of the first time. Throws
 * `REQUEST_ID_REUSED`, `FACILITY_NOT_FOUND`, `SKU_NOT_FOUND` if it was deleted meanwhile, and what the rule throws.
 */
export async function changeStock(
  context: LineItemsContext,
  change: StockChange,
  cause: StockCause,
  decide: (stock: StockDocument) => { stock: StockDocument; lot: Lot },
): Promise<Lot> {
  const { sku, requestId, traceparent, facilityId } = change;
  const asked = fingerprint({ ...cause, ...change.request });
  if (!(await markUsed(context, sku.used ? [] : [sku]))) throw new DomainError("SKU_NOT_FOUND");
  const key = `${sku.tenant_id}/${requestId}`;
  const once = async (session: ClientSession): Promise<Lot> => {
    const made = await context.stockRequests.findOne({ _id: key }, { session });
    if (made && made.fingerprint !== asked) throw new DomainError("REQUEST_ID_REUSED");
    if (made) return made.lot;
    if (facilityId) await assertFacility(context, sku.tenant_id, facilityId, session);
    const { stock, lot } = decide(await stockToChange(context, sku, session));
    await writeAggregates(context.stock, [changedStock(stock, cause)], traceparent, session);
    const expires_at = new Date(Date.now() + REQUEST_KEPT_MS);
    await context.stockRequests.insertOne(
      { _id: key, tenant_id: sku.tenant_id, sku_id: sku._id, fingerprint: asked, lot, expires_at },
      { session },
    );
    return lot;
  };
  const lot = await retryOnDuplicate(() => inTransaction(context.stock.client, once));
  ringOnceCommitted(context);
  return lot;
}

async function stockToChange(
  { stock }: LineItemsContext,
  sku: SkuDocument,
  session: ClientSession,
): Promise<StockDocument> {
  const found = await stock.collection.findOne({ tenant_id: sku.tenant_id, sku_id: sku._id }, { session });
  return found === null ? newStock(sku, new Date().toISOString()) : stamped(found);
}

/** Two calls may be the first for a SKU or a request at once: the second finds it on its next try. */
async function retryOnDuplicate<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
    return work();
  }
}

async function assertFacility(
  { facilities }: LineItemsContext,
  tenantId: string,
  id: string,
  session: ClientSession,
): Promise<void> {
  const known = await facilities.collection.findOne({ _id: facilityKey(tenantId, id) }, { session });
  if (!known) throw new DomainError("FACILITY_NOT_FOUND");
}

/** Which of these are facilities of the tenant. */
export async function findFacilityIds(
  { facilities }: LineItemsContext,
  tenantId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  if (ids.length === 0) return new Set();
  const keys = ids.map((id) => facilityKey(tenantId, id));
  const found = await facilities.collection.find({ _id: { $in: keys } }).toArray();
  return new Set(found.map(({ id }) => id));
}

/** Records or changes a facility by a pure rule. Throws `TOO_MANY_FACILITIES`. */
export async function changeFacility(
  { facilities }: LineItemsContext,
  tenantId: string,
  id: string,
  decide: (facility: FacilityDocument) => Decision<FacilityDocument>,
  traceparent: string,
): Promise<FacilityDocument> {
  const change = async (session: ClientSession) => {
    const found = await facilities.collection.findOne({ _id: facilityKey(tenantId, id) }, { session });
    const count = found
      ? 0
      : await facilities.collection.countDocuments({ tenant_id: tenantId }, { session });
    if (count >= FACILITIES_MAX) throw new DomainError("TOO_MANY_FACILITIES");
    const current = found === null ? newFacility(tenantId, id, new Date().toISOString()) : stamped(found);
    const decision = decide(current);
    if (decision.state === current) return current;
    const [changed] = await writeAggregates(facilities, [decision], traceparent, session);
    return changed!;
  };
  return retryOnDuplicate(() => inTransaction(facilities.client, change));
}

/** All facilities of a tenant, by id. */
export function listFacilityDocuments(
  { facilities }: LineItemsContext,
  tenantId: string,
  session?: ClientSession,
): Promise<FacilityDocument[]> {
  return facilities.collection
    .find({ tenant_id: tenantId }, session ? { session } : {})
    .sort({ id: 1 })
    .limit(FACILITIES_MAX)
    .toArray();
}

/** Which SKUs' stock a list shows. */
interface InventoryFilter {
  tenantId: string;
  ids: readonly string[];
  customerIdentifiers: readonly string[];
  /** The SKU id that the page begins after; null: from the first. */
  after: string | null;
  offset: number;
  limit: number;
}

/** A page of SKUs' stock, by SKU id. */
export function listStockDocuments(
  { stock }: LineItemsContext,
  { tenantId, ids, customerIdentifiers, after, offset, limit }: InventoryFilter,
): Promise<StockDocument[]> {
  const conditions = [
    ...(ids.length > 0 ? [{ sku_id: { $in: [...ids] } }] : []),
    ...(customerIdentifiers.length > 0 ? [{ sku_customer_id: { $in: [...customerIdentifiers] } }] : []),
    ...(after === null ? [] : [{ sku_id: { $gt: after } }]),
  ];
  return stock.collection
    .find({ tenant_id: tenantId, ...(conditions.length > 0 ? { $and: conditions } : {}) })
    .sort({ sku_id: 1 })
    .skip(offset)
    .limit(limit)
    .toArray();
}
