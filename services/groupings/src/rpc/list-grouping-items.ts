import type {
  ListGroupingItemsRequest,
  ListGroupingItemsResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { toGroupingItem } from "../grouping-view.ts";
import { readGrouping, viewFacts } from "../grouping-reads.ts";

export async function listGroupingItems(
  context: GroupingsContext,
  request: ListGroupingItemsRequest,
  call: Call,
): Promise<ListGroupingItemsResponse> {
  const grouping = await readGrouping(context, request, call);
  const facts = await viewFacts(context, [grouping], call);
  return { items: grouping.items.map((item) => toGroupingItem(item, facts)) };
}
