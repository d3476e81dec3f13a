import type { GroupingsContext } from "./context.ts";
import type { ProfileDocument } from "./profile.ts";

/** One profile of the tenant, null if there is none with this id. */
export function getProfileDocument(
  { profiles }: GroupingsContext,
  tenantId: string,
  id: number,
): Promise<ProfileDocument | null> {
  return profiles.collection.findOne({ tenant_id: tenantId, id });
}
