import type {
  DeleteGroupingItemRequest,
  DeleteGroupingItemResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeGroupingsOf } from "../asked-change.ts";
import type { GroupingsContext } from "../context.ts";
import { deleteItem } from "../grouping-changes.ts";

export async function deleteGroupingItem(
  context: GroupingsContext,
  { order, grouping, id, if_match }: DeleteGroupingItemRequest,
  call: Call,
): Promise<DeleteGroupingItemResponse> {
  await changeGroupingsOf(context, { order, if_match, items: [] }, call, (current, { ifMatch, dates }) =>
    deleteItem(current, { id: grouping!, ifMatch }, id!, dates),
  );
  return {};
}
