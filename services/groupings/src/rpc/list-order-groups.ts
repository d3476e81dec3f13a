import type {
  ListOrderGroupsRequest,
  ListOrderGroupsResponse,
} from "@waybill/proto/groupings/v1/order_groups.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { countStoredGroups, listStoredGroups } from "../order-group-store.ts";
import { showGroups } from "../standings.ts";

const LIMIT_DEFAULT = 30;

export async function listOrderGroups(
  context: GroupingsContext,
  request: ListOrderGroupsRequest,
  call: Call,
): Promise<ListOrderGroupsResponse> {
  const limit = request.limit ?? LIMIT_DEFAULT;
  const offset = request.offset ?? 0;
  const include_counts = request.include_counts ?? false;
  const page = { tenantId: call.tenantId, cursor: request.cursor ?? null, offset, limit: limit + 1 };
  const found = await listStoredGroups(context, page);
  const documents = found.slice(0, limit);
  return {
    limit,
    offset,
    include_counts,
    total: include_counts ? await countStoredGroups(context, call.tenantId) : null,
    next_cursor: found.length > limit ? documents.at(-1)!._id : null,
    data: await showGroups(context, documents, call),
  };
}
