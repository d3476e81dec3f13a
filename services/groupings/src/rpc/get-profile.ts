import { DomainError } from "@waybill/errors/domain-error.ts";
import type { GetProfileRequest, GetProfileResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { toProfile } from "../profile.ts";
import { getProfileDocument } from "../store.ts";

export async function getProfile(
  context: GroupingsContext,
  request: GetProfileRequest,
  { tenantId }: Call,
): Promise<GetProfileResponse> {
  const document = await getProfileDocument(context, tenantId, request.profile!);
  if (document === null) throw new DomainError("PROFILE_NOT_FOUND");
  return { profile: toProfile(document) };
}
