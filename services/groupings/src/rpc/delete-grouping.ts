import type { DeleteGroupingRequest, DeleteGroupingResponse } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeGroupingsOf } from "../asked-change.ts";
import type { GroupingsContext } from "../context.ts";
import { deleteGrouping as decide } from "../grouping-changes.ts";

export async function deleteGrouping(
  context: GroupingsContext,
  { order, grouping, if_match }: DeleteGroupingRequest,
  call: Call,
): Promise<DeleteGroupingResponse> {
  const asked = { order, if_match, items: [] };
  await changeGroupingsOf(context, asked, call, (current, { ifMatch }) =>
    decide(current, { id: grouping!, ifMatch }),
  );
  return {};
}
