import type { UpdateGroupingRequest, UpdateGroupingResponse } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeGroupingsOf } from "../asked-change.ts";
import type { GroupingsContext } from "../context.ts";
import { changeGroupings, groupingOf } from "../grouping-changes.ts";
import { showGroupings } from "../grouping-reads.ts";

export async function updateGrouping(
  context: GroupingsContext,
  { order, grouping: id, if_match, ...fields }: UpdateGroupingRequest,
  call: Call,
): Promise<UpdateGroupingResponse> {
  const change = { ...fields, id: id ?? null };
  const asked = { order, if_match, items: change.items };
  const document = await changeGroupingsOf(context, asked, call, (current, facts) =>
    changeGroupings(current, [change], () => "", facts),
  );
  const [grouping] = await showGroupings(context, [groupingOf(document, id!)], call);
  return { grouping: grouping! };
}
