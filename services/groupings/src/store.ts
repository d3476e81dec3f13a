import {
  changeAggregate,
  insertAggregates,
  newAggregate,
  updateAggregate,
  type Decision,
} from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { ClientSession, Filter } from "mongodb";
import { readOrderName } from "@waybill/service/order-name.ts";
import type { GroupingsContext } from "./context.ts";
import { skuIdsOf, type GroupingsDocument, type GroupingsView } from "./grouping.ts";
import type { ProfileDocument } from "./profile.ts";
import type { ReleaseDates } from "./release.ts";

/** One profile of the tenant. Throws `PROFILE_NOT_FOUND`. */
export async function getStoredProfile(
  { profiles }: GroupingsContext,
  tenantId: string,
  id: number,
): Promise<ProfileDocument> {
  const document = await profiles.collection.findOne({ tenant_id: tenantId, id });
  if (document === null) throw new DomainError("PROFILE_NOT_FOUND");
  return document;
}

/** Changes one profile of the tenant. Throws `PROFILE_NOT_FOUND`. */
export async function updateStoredProfile(
  { profiles }: GroupingsContext,
  { tenantId, id, traceparent }: { tenantId: string; id: number; traceparent: string },
  decide: (profile: ProfileDocument) => Decision<ProfileDocument>,
): Promise<ProfileDocument> {
  const changed = await updateAggregate(profiles, { tenant_id: tenantId, id }, decide, traceparent);
  if (changed === null) throw new DomainError("PROFILE_NOT_FOUND");
  return changed;
}

/** A part of a list whose integer ids descend. */
interface PageOfIds {
  tenantId: string;
  /** Only ids below this one; null: from the highest. */
  cursor: number | null;
  offset: number;
  limit: number;
}

/** A page of profiles, the newest first. */
export function listStoredProfiles(
  { profiles }: GroupingsContext,
  { tenantId, cursor, offset, limit }: PageOfIds,
): Promise<ProfileDocument[]> {
  return profiles.collection
    .find({ tenant_id: tenantId, ...(cursor === null ? {} : { id: { $lt: cursor } }) })
    .sort({ id: -1 })
    .skip(offset)
    .limit(limit)
    .toArray();
}

/** How many profiles the tenant has. */
export function countStoredProfiles({ profiles }: GroupingsContext, tenantId: string): Promise<number> {
  return profiles.collection.countDocuments({ tenant_id: tenantId });
}

/** Those of these profiles that the tenant has, by their ids. */
export async function findStoredProfiles(
  { profiles }: GroupingsContext,
  tenantId: string,
  ids: readonly number[],
): Promise<Map<number, ProfileDocument>> {
  const found = await profiles.collection.find({ tenant_id: tenantId, id: { $in: [...ids] } }).toArray();
  return new Map(found.map((profile) => [profile.id, profile]));
}

/** The numbers of an order, for whoever names it by one. */
type OrderKeys = Pick<GroupingsDocument, "_id" | "order_nr" | "storefront_id">;

/** The groupings of the order that a caller names by its UUID, order_nr or storefront id; null if it has none. */
export function findGroupings(
  { groupings }: GroupingsContext,
  tenantId: string,
  name: string,
): Promise<GroupingsView | null> {
  const filter = { tenant_id: tenantId, ...readOrderName(name) };
  return groupings.collection.findOne<GroupingsView>(filter, { projection: { groupings: 1 } });
}

/**
 * Changes the groupings of an order, which it may not have yet: `decide` gets empty ones then. It is pure, may
 * run several times, and throws to refuse.
 */
export async function changeStoredGroupings(
  { groupings }: GroupingsContext,
  { tenantId, keys, traceparent }: { tenantId: string; keys: OrderKeys; traceparent: string },
  decide: (document: GroupingsDocument) => Decision<GroupingsDocument>,
): Promise<GroupingsDocument> {
  const filter = { _id: keys._id, tenant_id: tenantId };
  const changed = await updateAggregate(groupings, filter, decide, traceparent);
  if (changed) return changed;
  const decision = decide(noGroupings(tenantId, keys));
  try {
    await insertAggregates(groupings, [{ ...decision, traceparent }]);
    return decision.state;
  } catch (error) {
    const first = isDuplicateKey(error) && (await updateAggregate(groupings, filter, decide, traceparent));
    if (!first) throw error;
    return first;
  }
}

/** What an order without groupings starts with. */
export function noGroupings(tenantId: string, keys: OrderKeys): GroupingsDocument {
  return {
    ...newAggregate(keys._id, tenantId, new Date().toISOString()),
    ...keys,
    groupings: [],
    snapshot: { sequence: 0, order_sequence: 0, lines: [], movements: [] },
    releases: [],
    release_check_at: null,
  };
}

/** Changes the groupings of an order that has some; null if it has none. */
export function updateStoredGroupings(
  { groupings }: Pick<GroupingsContext, "groupings">,
  { tenantId, orderId, traceparent }: { tenantId: string; orderId: string; traceparent: string },
  decide: (document: GroupingsDocument) => Decision<GroupingsDocument>,
): Promise<GroupingsDocument | null> {
  return updateAggregate(groupings, { _id: orderId, tenant_id: tenantId }, decide, traceparent);
}

/** Which of these orders have groupings that know less of their lines than the given sequence. */
export async function findBehind(
  { groupings }: GroupingsContext,
  tenantId: string,
  sequences: ReadonlyMap<string, number>,
): Promise<string[]> {
  const found = await groupings.collection
    .find({ _id: { $in: [...sequences.keys()] }, tenant_id: tenantId })
    .project<{ _id: string; snapshot: { sequence: number } }>({ "snapshot.sequence": 1 })
    .toArray();
  return found.filter(({ _id, snapshot }) => snapshot.sequence < sequences.get(_id)!).map(({ _id }) => _id);
}

/** The version of an order's groupings; null if it has none. */
export async function findGroupingsVersion(
  { groupings }: Pick<GroupingsContext, "groupings">,
  tenantId: string,
  orderId: string,
): Promise<number | null> {
  const filter = { _id: orderId, tenant_id: tenantId };
  const found = await groupings.collection.findOne(filter, { projection: { version: 1 } });
  return found?.version ?? null;
}

/** The next orders of the tenant with groupings, after this order id. */
export async function nextGroupedOrders(
  { groupings }: GroupingsContext,
  tenantId: string,
  after: string,
  limit: number,
): Promise<string[]> {
  const found = await groupings.collection
    .find({ tenant_id: tenantId, _id: { $gt: after } })
    .project<{ _id: string }>({ _id: 1 })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
  return found.map(({ _id }) => _id);
}

/** The release dates of these SKUs, those that are known. */
export async function findReleaseDates(
  { skuReleases }: Pick<GroupingsContext, "skuReleases">,
  tenantId: string,
  skuIds: readonly string[],
  session?: ClientSession,
): Promise<ReleaseDates> {
  const filter = { _id: { $in: [...skuIds] }, tenant_id: tenantId };
  const found = await skuReleases.find(filter, session ? { session } : {}).toArray();
  return new Map(found.map(({ _id, release_at }) => [_id, release_at]));
}

/**
 * Has the groupings with this SKU looked at again. Beside their version, since it changes nothing that anyone
 * sees; a change in flight conflicts with it and runs again.
 */
export async function markForReleaseCheck(
  { groupings }: GroupingsContext,
  tenantId: string,
  skuId: string,
): Promise<void> {
  const having = { tenant_id: tenantId, "releases.sku_id": skuId } as Filter<GroupingsDocument>;
  await groupings.collection.updateMany(having, { $set: { release_check_at: new Date() } });
}

/** The next groupings whose releases are to be looked at, by order. */
export function nextReleaseChecks(
  { groupings }: GroupingsContext,
  limit: number,
): Promise<GroupingsDocument[]> {
  return groupings.collection
    .find({ release_check_at: { $lte: new Date() } })
    .sort({ release_check_at: 1 })
    .limit(limit)
    .toArray();
}

/**
 * Lets `decide` look at the release dates of an order's SKUs. Dates and groupings are read in one transaction:
 * a date that changes meanwhile marks the groupings again, which conflicts with it or comes after it.
 */
export async function changeReleases(
  { groupings, skuReleases }: GroupingsContext,
  { _id, tenant_id }: Pick<GroupingsDocument, "_id" | "tenant_id">,
  decide: (document: GroupingsDocument, dates: ReleaseDates) => Decision<GroupingsDocument>,
  traceparent: string,
): Promise<void> {
  await inTransaction(groupings.client, async (session) => {
    const document = await groupings.collection.findOne({ _id, tenant_id }, { session });
    const skuIds = document ? skuIdsOf(document.groupings) : [];
    const dates = await findReleaseDates({ skuReleases }, tenant_id, skuIds, session);
    const filter = { _id, tenant_id };
    await changeAggregate(groupings, filter, (state) => decide(state, dates), traceparent, session);
  });
}
