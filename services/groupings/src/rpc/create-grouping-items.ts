import type {
  CreateGroupingItemsRequest,
  CreateGroupingItemsResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeGroupingsOf } from "../asked-change.ts";
import type { GroupingsContext } from "../context.ts";
import { addItems, groupingOf } from "../grouping-changes.ts";
import { toGroupingItem } from "../grouping-view.ts";
import { viewFacts } from "../grouping-reads.ts";

export async function createGroupingItems(
  context: GroupingsContext,
  { order, grouping: id, items, if_match }: CreateGroupingItemsRequest,
  call: Call,
): Promise<CreateGroupingItemsResponse> {
  const document = await changeGroupingsOf(context, { order, if_match, items }, call, (current, facts) =>
    addItems(current, { id: id!, ifMatch: facts.ifMatch }, items, facts),
  );
  const grouping = groupingOf(document, id!);
  const facts = await viewFacts(context, [grouping], call);
  const added = grouping.items.slice(-items.length);
  return { items: added.map((item) => toGroupingItem(item, facts)) };
}
