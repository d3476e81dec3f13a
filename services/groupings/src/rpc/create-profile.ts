import { insertAggregates, newAggregate } from "@waybill/events/aggregates.ts";
import type { CreateProfileRequest, CreateProfileResponse } from "@waybill/proto/groupings/v1/profiles.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { createProfile as decide, toProfile } from "../profile.ts";

export async function createProfile(
  context: GroupingsContext,
  request: CreateProfileRequest,
  { tenantId, traceparent }: Call,
): Promise<CreateProfileResponse> {
  const [id] = await context.profileIds.take(tenantId, 1);
  const now = new Date().toISOString();
  const decision = decide(newAggregate(newId(), tenantId, now), id!, request.profile!);
  await insertAggregates(context.profiles, [{ ...decision, traceparent }]);
  return { profile: toProfile(decision.state) };
}
