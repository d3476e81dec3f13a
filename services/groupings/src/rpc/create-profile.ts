import type { CreateProfileRequest, CreateProfileResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { createProfile as decide, toProfile } from "../profile.ts";
import { insertProfile } from "../store.ts";

export async function createProfile(
  context: GroupingsContext,
  request: CreateProfileRequest,
  { tenantId, traceparent }: Call,
): Promise<CreateProfileResponse> {
  const [id] = await context.profileIds.take(tenantId, 1);
  const decision = decide(tenantId, id!, request.profile!, new Date().toISOString());
  await insertProfile(context, { ...decision, traceparent });
  return { profile: toProfile(decision.state) };
}
