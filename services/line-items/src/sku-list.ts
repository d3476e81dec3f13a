import { projectionOf } from "@waybill/mongo/stored.ts";
import type { Filter, FindCursor } from "mongodb";
import type { LineItemsContext } from "./context.ts";
import { summaryFields, type SkuDocument, type SkuSummaryDocument } from "./sku.ts";

/** Which SKUs a list shows. */
interface SkuFilter {
  tenantId: string;
  /** Only these, at most 30; empty: all. */
  ids: readonly string[];
  /** Only those with these customer_identifiers, at most 30; empty: all. */
  customerIdentifiers: readonly string[];
}

/** Which part of the list: the newest first. */
interface SkuPage {
  /** The position of the last SKU of the page before; null for the first page. */
  after: SkuPosition | null;
  /** How many to skip. */
  offset: number;
  limit: number;
}

/** Where a SKU stands in the list. */
type SkuPosition = [createdAt: string, id: string];

/** Counting costs a microsecond a SKU. */
const TOTAL_MAX = 1_000_000;

const summaryProjection = projectionOf(summaryFields);

/** A page of SKUs. */
export function listSkuDocuments(
  context: LineItemsContext,
  filter: SkuFilter,
  page: SkuPage,
): Promise<SkuDocument[]> {
  return findPage(context, filter, page).toArray();
}

/** The same page, of each SKU what its summary shows. */
export function listSkuSummaries(
  context: LineItemsContext,
  filter: SkuFilter,
  page: SkuPage,
): Promise<SkuSummaryDocument[]> {
  return findPage(context, filter, page).project<SkuSummaryDocument>(summaryProjection).toArray();
}

function findPage(
  { skus }: LineItemsContext,
  filter: SkuFilter,
  { after, offset, limit }: SkuPage,
): FindCursor<SkuDocument> {
  return skus.collection
    .find(after === null ? queryOf(filter) : { $and: [queryOf(filter), behind(after)] })
    .sort({ created_at: -1, _id: -1 })
    .skip(offset)
    .limit(limit);
}

/** How many SKUs the filter lets through; TOTAL_MAX where there are more. */
export function countSkuDocuments({ skus }: LineItemsContext, filter: SkuFilter): Promise<number> {
  return skus.collection.countDocuments(queryOf(filter), { limit: TOTAL_MAX });
}

/** Where a SKU stands in the list. */
export function positionOf({ created_at, _id }: Pick<SkuDocument, "_id" | "created_at">): SkuPosition {
  return [created_at!, _id];
}

function queryOf({ tenantId, ids, customerIdentifiers }: SkuFilter): Filter<SkuDocument> {
  return {
    tenant_id: tenantId,
    ...(ids.length > 0 ? { _id: { $in: [...ids] } } : {}),
    ...(customerIdentifiers.length > 0 ? { customer_identifier: { $in: [...customerIdentifiers] } } : {}),
  };
}

/** The first condition bounds the range of the index that is walked; the second takes its first entries off. */
function behind([createdAt, id]: SkuPosition): Filter<SkuDocument> {
  return {
    created_at: { $lte: createdAt },
    $or: [{ created_at: { $lt: createdAt } }, { _id: { $lt: id } }],
  };
}
