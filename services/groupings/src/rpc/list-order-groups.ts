import type {
  ListOrderGroupsRequest,
  ListOrderGroupsResponse,
} from "@waybill/proto/groupings/v1/order_groups.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { GroupingsContext } from "../context.ts";
import { countStoredGroups, listStoredGroups } from "../order-group-store.ts";
import { showGroups } from "../standings.ts";

export async function listOrderGroups(
  context: GroupingsContext,
  request: ListOrderGroupsRequest,
  call: Call,
): Promise<ListOrderGroupsResponse> {
  const include_counts = request.include_counts ?? false;
  const { elements, last, ...bounds } = await readPage(request, (page) =>
    listStoredGroups(context, { tenantId: call.tenantId, cursor: request.cursor ?? null, ...page }),
  );
  return {
    ...bounds,
    include_counts,
    total: include_counts ? await countStoredGroups(context, call.tenantId) : null,
    next_cursor: last && last._id,
    data: await showGroups(context, elements, call),
  };
}
