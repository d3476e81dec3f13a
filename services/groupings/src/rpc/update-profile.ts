import type { UpdateProfileRequest, UpdateProfileResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { renameProfile, toProfile } from "../profile.ts";
import { updateStoredProfile } from "../store.ts";

export async function updateProfile(
  context: GroupingsContext,
  request: UpdateProfileRequest,
  { tenantId, traceparent }: Call,
): Promise<UpdateProfileResponse> {
  const change = { tenantId, id: request.id!, traceparent };
  const document = await updateStoredProfile(context, change, (profile) =>
    renameProfile(profile, request.profile!),
  );
  return { profile: toProfile(document) };
}
