import { changeAggregate, writeAggregates } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { Return } from "@waybill/proto/orders/v1/returns.ts";
import type { AggregationCursor, Collection, Filter, FindCursor } from "mongodb";
import { readOrderName } from "@waybill/service/order-name.ts";
import { wasApplied, withApplied, type AppliedRequest } from "./applied-requests.ts";
import type { OrdersContext } from "./context.ts";
import { fromStored } from "./order.ts";
import { followReturn, openReturn, type ReturnChange, type ReturnDocument } from "./return.ts";

/** Who asks for a new return, and under which id it will be there. */
interface NewReturn {
  tenantId: string;
  id: string;
  traceparent: string;
}

/** Opens a return and moves its order's units, in one transaction. Throws `ORDER_NOT_FOUND` and what the rule throws. */
export function createStoredReturn(
  { orders, returns }: OrdersContext,
  { tenantId, id, traceparent }: NewReturn,
  asked: Return,
): Promise<ReturnDocument> {
  return inTransaction(orders.client, async (session) => {
    const opened: ReturnDocument[] = [];
    const order = { tenant_id: tenantId, ...readOrderName(asked.order_id!) };
    const found = await changeAggregate(
      orders,
      order,
      (state) => {
        const change = openReturn(fromStored(state), asked, id);
        opened.push(change.state);
        return followReturn(fromStored(state), change);
      },
      traceparent,
      session,
    );
    if (found === null) throw new DomainError("ORDER_NOT_FOUND");
    const state = opened.at(-1)!;
    await writeAggregates(returns, [{ state, events: [] }], traceparent, session);
    return state;
  });
}

/** Which return is changed, and by which request. */
interface ReturnRequest {
  tenantId: string;
  id: string;
  request: AppliedRequest;
  traceparent: string;
}

/**
 * Changes a return and its order's units, in one transaction. A repeat of a request that was decided before
 * changes nothing. Throws `RETURN_NOT_FOUND`, `REQUEST_ID_REUSED` and what the rule throws.
 */
export function updateReturn(
  { orders, returns }: OrdersContext,
  { tenantId, id, request, traceparent }: ReturnRequest,
  decide: (found: ReturnDocument) => ReturnChange,
): Promise<ReturnDocument> {
  return inTransaction(orders.client, async (session) => {
    const changes: ReturnChange[] = [];
    const once = (found: ReturnDocument) => {
      if (wasApplied(found.requests, request)) return { state: found, events: [] };
      const change = decide(found);
      const state = { ...change.state, requests: withApplied(found.requests, request) };
      changes.push({ ...change, state });
      return { state, events: [] };
    };
    const named = { _id: id, tenant_id: tenantId };
    const changed = await changeAggregate(returns, named, once, traceparent, session);
    if (changed === null) throw new DomainError("RETURN_NOT_FOUND");
    for (const change of changes) {
      const order = { _id: changed.order_id, tenant_id: tenantId };
      await changeAggregate(
        orders,
        order,
        (state) => followReturn(fromStored(state), change),
        traceparent,
        session,
      );
    }
    return changed;
  });
}

/** One return of the tenant. Throws `RETURN_NOT_FOUND`. */
export async function getStoredReturn(
  { returns }: OrdersContext,
  tenantId: string,
  id: string,
): Promise<ReturnDocument> {
  const found = await returns.collection.findOne({ _id: id, tenant_id: tenantId });
  if (found === null) throw new DomainError("RETURN_NOT_FOUND");
  return found;
}

/** Which returns a list shows. */
export interface ReturnFilter {
  tenantId: string;
  ids: readonly string[];
  orderId: string | null;
  status: ReturnDocument["status"] | null;
}

/** A part of a list of returns. */
interface ReturnPage {
  /** Only those that were asked for before this one; null: from the newest. */
  before: string | null;
  offset: number;
  limit: number;
}

/** A page of returns, the newest first. */
export function listStoredReturns(
  { returns }: OrdersContext,
  filter: ReturnFilter,
  page: ReturnPage,
): Promise<ReturnDocument[]> {
  return findReturnPage(returns.collection, filter, page).toArray();
}

/** The query of a page: every index that it may name has the returns in the order of the list. */
export function findReturnPage(
  collection: Collection<ReturnDocument>,
  filter: ReturnFilter,
  { before, offset, limit }: ReturnPage,
): FindCursor<ReturnDocument> {
  const query = toQuery(filter);
  return collection
    .find(before === null ? query : { $and: [query, { _id: { $lt: before } }] })
    .hint(indexFor(filter))
    .sort({ _id: -1 })
    .skip(offset)
    .limit(limit);
}

/** How many returns the list has on all pages. */
export async function countStoredReturns({ returns }: OrdersContext, filter: ReturnFilter): Promise<number> {
  const [counted] = await countReturns(returns.collection, filter).toArray();
  return counted?.total ?? 0;
}

/** The query of that number. */
export function countReturns(
  collection: Collection<ReturnDocument>,
  filter: ReturnFilter,
): AggregationCursor<{ total: number }> {
  const stages = [{ $match: toQuery(filter) }, { $count: "total" }];
  return collection.aggregate<{ total: number }>(stages, { hint: indexFor(filter) });
}

function indexFor({ ids, orderId, status }: ReturnFilter): string {
  if (ids.length > 0) return "_id_";
  if (orderId !== null) return "by_order";
  return status === null ? "newest" : "by_status";
}

function toQuery({ tenantId, ids, orderId, status }: ReturnFilter): Filter<ReturnDocument> {
  return {
    tenant_id: tenantId,
    ...(ids.length > 0 ? { _id: { $in: [...ids] } } : {}),
    ...(orderId === null ? {} : { order_id: orderId }),
    ...(status === null ? {} : { status }),
  };
}
