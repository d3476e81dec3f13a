import type { GetGroupingRequest, GetGroupingResponse } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { readGrouping, showGroupings } from "../grouping-reads.ts";

export async function getGrouping(
  context: GroupingsContext,
  request: GetGroupingRequest,
  call: Call,
): Promise<GetGroupingResponse> {
  const stored = await readGrouping(context, request, call);
  const [grouping] = await showGroupings(context, [stored], call);
  return { grouping: grouping! };
}
