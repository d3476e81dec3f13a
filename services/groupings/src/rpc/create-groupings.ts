import { DomainError } from "@waybill/errors/domain-error.ts";
import { newReference } from "@waybill/mongo/ids.ts";
import type {
  CreateGroupingsRequest,
  CreateGroupingsResponse,
  Grouping,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeGroupingsOf } from "../asked-change.ts";
import type { GroupingsContext } from "../context.ts";
import { createGroupings as decide, groupingOf } from "../grouping-changes.ts";
import { showGroupings } from "../grouping-reads.ts";
import { findStoredProfiles } from "../store.ts";

export async function createGroupings(
  context: GroupingsContext,
  { order, groupings }: CreateGroupingsRequest,
  call: Call,
): Promise<CreateGroupingsResponse> {
  await assertProfilesExist(context, groupings, call);
  const ids = await context.groupingIds.take(call.tenantId, groupings.length);
  const minted = ids.map((id) => ({ id, system_reference: newReference("COG") }));
  const asked = { order, items: groupings.flatMap(({ items }) => items) };
  const document = await changeGroupingsOf(context, asked, call, (current, facts) =>
    decide(current, groupings, minted, facts),
  );
  const created = ids.map((id) => groupingOf(document, id));
  return { groupings: await showGroupings(context, created, call) };
}

async function assertProfilesExist(context: GroupingsContext, groupings: readonly Grouping[], call: Call) {
  const ids = groupings.map(({ profile_id }) => profile_id!);
  const known = await findStoredProfiles(context, call.tenantId, ids);
  const detail = "there is no such profile";
  const violations = ids.flatMap((id, index) => {
    const pointer = `/groupings/${index}/profile_id`;
    return known.has(id) ? [] : [{ pointer, code: "PROFILE_NOT_FOUND", detail } as const];
  });
  if (violations.length > 0) throw new DomainError("INVALID_REQUEST", undefined, { violations });
}
