import type { Collection, Filter, FindCursor } from "mongodb";
import type { RequestDocument, RequestKind } from "./request.ts";
import type { RequestsContext } from "./request-store.ts";
import { comparePositions, type Position } from "./position.ts";

/** Which requests a list shows. */
export interface RequestFilter {
  tenantId: string;
  kind: RequestKind;
  /** Only these, at most 30; empty: all. */
  ids: readonly string[];
  /** Only those of orders with these customer_identifiers, at most 30; empty: all. */
  customerIdentifiers: readonly string[];
  status: string | null;
}

/** Which part of the list. */
interface RequestPage {
  /** The position of the last request of the page before; null for the first page. */
  after: Position | null;
  offset: number;
  limit: number;
}

/** A page of requests, the newest first. */
export async function listStoredRequests(
  { requests }: RequestsContext,
  filter: RequestFilter,
  page: RequestPage,
): Promise<RequestDocument[]> {
  const found = await findRequestPage(requests.collection, filter, page).toArray();
  if (filter.ids.length === 0) return found;
  return found
    .toSorted((a, b) => comparePositions(positionOf(b), positionOf(a)))
    .slice(page.offset, page.offset + page.limit);
}

/**
 * The query of a page. The index is named, so that no plan is ever guessed: of requests that are named it finds
 * all, and they are sorted afterwards; any other list is walked in the order of its index.
 */
export function findRequestPage(
  collection: Collection<RequestDocument>,
  filter: RequestFilter,
  { after, offset, limit }: RequestPage,
): FindCursor<RequestDocument> {
  const query = { ...toQuery(filter), ...(after === null ? {} : behind(after)) };
  const found = collection.find(query).project<RequestDocument>({ record: 0 }).hint(indexFor(filter));
  if (filter.ids.length > 0) return found;
  return found.sort({ created_at: -1, _id: -1 }).skip(offset).limit(limit);
}

/** Where a request stands in the list. */
export function positionOf({ created_at, _id }: RequestDocument): Position {
  return [created_at, _id];
}

function indexFor({ ids, customerIdentifiers, status }: RequestFilter): string {
  if (ids.length > 0) return "_id_";
  if (customerIdentifiers.length > 0) return "by_order";
  return status === null ? "newest" : "by_status";
}

function toQuery({
  tenantId,
  kind,
  ids,
  customerIdentifiers,
  status,
}: RequestFilter): Filter<RequestDocument> {
  return {
    tenant_id: tenantId,
    kind,
    ...(ids.length > 0 ? { _id: { $in: [...ids] } } : {}),
    ...(customerIdentifiers.length > 0 ? { customer_identifier: { $in: [...customerIdentifiers] } } : {}),
    ...(status === null ? {} : { status: status as RequestDocument["status"] }),
  };
}

// Says the first key twice: an index is entered by a range of it, not by an `$or`.
function behind([createdAt, id]: Position): Filter<RequestDocument> {
  return {
    created_at: { $lte: createdAt },
    $or: [{ created_at: { $lt: createdAt } }, { created_at: createdAt, _id: { $lt: id } }],
  };
}
