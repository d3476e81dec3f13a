import type {
  UpdateGroupingsRequest,
  UpdateGroupingsResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeGroupingsOf } from "../asked-change.ts";
import type { GroupingsContext } from "../context.ts";
import { changeGroupings } from "../grouping-changes.ts";
import { showGroupings } from "../grouping-reads.ts";

export async function updateGroupings(
  context: GroupingsContext,
  { order, changes, if_match }: UpdateGroupingsRequest,
  call: Call,
): Promise<UpdateGroupingsResponse> {
  const asked = { order, if_match, items: changes.flatMap(({ items }) => items) };
  const document = await changeGroupingsOf(context, asked, call, (current, facts) =>
    changeGroupings(current, changes, (index) => `/changes/${index}`, facts),
  );
  // Afterwards each has the reference that the request gives it.
  const byReference = new Map(document.groupings.map((grouping) => [grouping.reference, grouping]));
  const updated = changes.map(({ reference }) => byReference.get(reference!)!);
  return { groupings: await showGroupings(context, updated, call) };
}
