import { insertAggregates, type Creation } from "@waybill/events/aggregates.ts";
import type { GroupingsContext } from "./context.ts";
import type { ProfileDocument } from "./profile.ts";

/** Inserts a profile with its event. */
export function insertProfile(
  { profiles }: GroupingsContext,
  creation: Creation<ProfileDocument>,
): Promise<void> {
  return insertAggregates(profiles, [creation]);
}

/** One profile of the tenant, null if there is none with this id. */
export function getProfileDocument(
  { profiles }: GroupingsContext,
  tenantId: string,
  id: number,
): Promise<ProfileDocument | null> {
  return profiles.collection.findOne({ tenant_id: tenantId, id });
}
