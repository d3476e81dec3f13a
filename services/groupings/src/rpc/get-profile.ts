import type { GetProfileRequest, GetProfileResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { toProfile } from "../profile.ts";
import { getStoredProfile } from "../store.ts";

export async function getProfile(
  context: GroupingsContext,
  request: GetProfileRequest,
  { tenantId }: Call,
): Promise<GetProfileResponse> {
  return { profile: toProfile(await getStoredProfile(context, tenantId, request.id!)) };
}
