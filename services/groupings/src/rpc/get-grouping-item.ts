import type {
  GetGroupingItemRequest,
  GetGroupingItemResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { itemOf } from "../grouping-changes.ts";
import { toGroupingItem } from "../grouping-view.ts";
import { readGrouping, viewFacts } from "../grouping-reads.ts";

export async function getGroupingItem(
  context: GroupingsContext,
  request: GetGroupingItemRequest,
  call: Call,
): Promise<GetGroupingItemResponse> {
  const grouping = await readGrouping(context, request, call);
  const item = itemOf(grouping, request.id!);
  const facts = await viewFacts(context, [grouping], call);
  return { item: toGroupingItem(item, facts), version: grouping.version };
}
