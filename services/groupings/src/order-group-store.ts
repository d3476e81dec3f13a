import { insertAggregates, updateAggregate, type Decision } from "@waybill/events/aggregates.ts";
import { DomainError, refusalOf } from "@waybill/errors/domain-error.ts";
import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import type { Filter, FindCursor } from "mongodb";
import type { GroupingsContext } from "./context.ts";
import type { OrderGroupDocument } from "./order-group.ts";

/** Of the Idempotency-Keys of requests for groups, see design "Same order again": as long as everywhere else. */
const KEY_KEPT_MS = 24 * 60 * 60 * 1_000;

/**
 * Stores a group that nobody sees yet. If the same request has begun it already, that one is answered, as far
 * as it has come: by its id, or by its Idempotency-Key. Throws `ID_TAKEN`, `IDEMPOTENCY_KEY_REUSED`.
 */
export async function insertGroup(
  context: GroupingsContext,
  document: OrderGroupDocument,
  traceparent: string,
): Promise<OrderGroupDocument> {
  const begun = await findByRequestKey(context, document);
  if (begun) return begun;
  try {
    await insertAggregates(context.orderGroups, [{ state: document, events: [], traceparent }]);
    return document;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  return (await findByRequestKey(context, document)) ?? (await findBegun(context, document));
}

/** The group that was begun with the same key within its time; an older one forgets it. */
async function findByRequestKey(
  { orderGroups }: GroupingsContext,
  { tenant_id, request_key, fingerprint, created_at }: OrderGroupDocument,
): Promise<OrderGroupDocument | null> {
  if (request_key === undefined) return null;
  const begun = await orderGroups.collection.findOne({ tenant_id, request_key });
  if (!begun) return null;
  if (Date.parse(created_at) - Date.parse(begun.created_at) > KEY_KEPT_MS) {
    await orderGroups.collection.updateOne({ _id: begun._id }, { $unset: { request_key: "" } });
    return null;
  }
  if (begun.fingerprint !== fingerprint) throw new DomainError("IDEMPOTENCY_KEY_REUSED");
  return begun;
}

async function findBegun(
  { orderGroups }: GroupingsContext,
  { tenant_id, id, fingerprint }: OrderGroupDocument,
): Promise<OrderGroupDocument> {
  const begun = await orderGroups.collection.findOne({ tenant_id, id });
  if (begun && !begun.open && begun.fingerprint === fingerprint) return begun;
  throw refusalOf("/group/id", "ID_TAKEN", "another group has this id");
}

/** Removes a group that nobody saw, whose orders were refused. */
export async function deleteUnopened(
  { orderGroups }: GroupingsContext,
  { _id, tenant_id }: OrderGroupDocument,
): Promise<void> {
  await orderGroups.collection.deleteOne({ _id, tenant_id, open: false });
}

/** Changes a group. Throws `ORDER_GROUP_NOT_FOUND`. */
export async function updateStoredGroup(
  { orderGroups }: GroupingsContext,
  { tenantId, groupId, traceparent }: { tenantId: string; groupId: string; traceparent: string },
  decide: (document: OrderGroupDocument) => Decision<OrderGroupDocument>,
): Promise<OrderGroupDocument> {
  const filter = { _id: groupId, tenant_id: tenantId };
  const changed = await updateAggregate(orderGroups, filter, decide, traceparent);
  if (changed === null) throw new DomainError("ORDER_GROUP_NOT_FOUND");
  return changed;
}

/** One group of the tenant. Throws `ORDER_GROUP_NOT_FOUND`. */
export async function getStoredGroup(
  { orderGroups }: GroupingsContext,
  tenantId: string,
  id: number,
): Promise<OrderGroupDocument> {
  const document = await orderGroups.collection.findOne({ tenant_id: tenantId, id, open: true });
  if (document === null) throw new DomainError("ORDER_GROUP_NOT_FOUND");
  return document;
}

/** A page of groups, the newest first; `cursor` is the internal id of the last of the previous page. */
export function listStoredGroups(
  { orderGroups }: GroupingsContext,
  {
    tenantId,
    cursor,
    offset,
    limit,
  }: { tenantId: string; cursor: string | null; offset: number; limit: number },
): Promise<OrderGroupDocument[]> {
  const filter: Filter<OrderGroupDocument> = { tenant_id: tenantId, open: true };
  return orderGroups.collection
    .find(cursor === null ? filter : { ...filter, _id: { $lt: cursor } })
    .sort({ _id: -1 })
    .skip(offset)
    .limit(limit)
    .toArray();
}

/** How many groups the tenant has. */
export function countStoredGroups({ orderGroups }: GroupingsContext, tenantId: string): Promise<number> {
  return orderGroups.collection.countDocuments({ tenant_id: tenantId, open: true });
}

/** Groups with a replacement that has been under way since before that time, the oldest first, as they are asked for. */
export function findStuckGroups(
  { orderGroups }: GroupingsContext,
  before: Date,
  batchSize: number,
): FindCursor<OrderGroupDocument> {
  return orderGroups.collection
    .find({ pending_since: { $lt: before } })
    .sort({ pending_since: 1 })
    .batchSize(batchSize);
}
