import { updateAggregate, type Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { GroupingsContext } from "./context.ts";
import type { ProfileDocument } from "./profile.ts";

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
export interface PageOfIds {
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
