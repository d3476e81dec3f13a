import { insertAggregates, updateAggregate, type Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import type { Filter } from "mongodb";
import type { GroupingsContext } from "./context.ts";
import type { OrderGroupDocument } from "./order-group.ts";

/**
 * Stores a group that nobody sees yet. If an earlier try of the same request has begun it already, that one is
 * answered. Throws `ID_TAKEN`.
 */
export async function insertGroup(
  { orderGroups }: GroupingsContext,
  document: OrderGroupDocument,
  traceparent: string,
): Promise<OrderGroupDocument> {
  try {
    await insertAggregates(orderGroups, [{ state: document, events: [], traceparent }]);
    return document;
  } catch (error) {
    if (!isDuplicateKey(error)) throw error;
  }
  const { tenant_id, id, fingerprint } = document;
  const begun = await orderGroups.collection.findOne({ tenant_id, id });
  if (begun && !begun.open && begun.fingerprint === fingerprint) return begun;
  const detail = "another group has this id";
  throw new DomainError("ID_TAKEN", detail, {
    violations: [{ pointer: "/group/id", code: "ID_TAKEN", detail }],
  });
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

/** The next groups with a replacement that has been under way since before that time. */
export function findStuckGroups(
  { orderGroups }: GroupingsContext,
  before: Date,
  limit: number,
): Promise<OrderGroupDocument[]> {
  return orderGroups.collection
    .find({ pending_since: { $lt: before } })
    .sort({ pending_since: 1 })
    .limit(limit)
    .toArray();
}
