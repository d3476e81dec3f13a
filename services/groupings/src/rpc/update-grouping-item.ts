import type {
  UpdateGroupingItemRequest,
  UpdateGroupingItemResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeGroupingsOf } from "../asked-change.ts";
import type { GroupingsContext } from "../context.ts";
import { changeItem, groupingOf, itemOf } from "../grouping-changes.ts";
import { toGroupingItem } from "../grouping-view.ts";
import { viewFacts } from "../grouping-reads.ts";

export async function updateGroupingItem(
  context: GroupingsContext,
  { order, grouping: id, id: itemId, item, if_match }: UpdateGroupingItemRequest,
  call: Call,
): Promise<UpdateGroupingItemResponse> {
  const document = await changeGroupingsOf(context, { order, if_match, items: [] }, call, (current, facts) =>
    changeItem(current, { id: id!, ifMatch: facts.ifMatch }, itemId!, item!, facts.dates),
  );
  const grouping = groupingOf(document, id!);
  const facts = await viewFacts(context, [grouping], call);
  return { item: toGroupingItem(itemOf(grouping, itemId!), facts), version: grouping.version };
}
