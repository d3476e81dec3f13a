import type {
  RebuildGroupingsRequest,
  RebuildGroupingsResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { rebuildOrder } from "../follower.ts";
import { readGroupings } from "../grouping-reads.ts";
import { nextGroupedOrders } from "../store.ts";

const LIMIT_DEFAULT = 1_000;

export async function rebuildGroupings(
  context: GroupingsContext,
  { order, cursor, limit: wanted }: RebuildGroupingsRequest,
  call: Call,
): Promise<RebuildGroupingsResponse> {
  if (order) {
    const document = await readGroupings(context, { order }, call);
    return rebuild(context, document ? [document._id] : [], null, call);
  }
  const limit = wanted ?? LIMIT_DEFAULT;
  // One more than asked for tells whether there are more.
  const found = await nextGroupedOrders(context, call.tenantId, cursor ?? "", limit + 1);
  const ids = found.slice(0, limit);
  return rebuild(context, ids, found.length > limit ? ids.at(-1)! : null, call);
}

async function rebuild(
  context: GroupingsContext,
  ids: readonly string[],
  next_cursor: string | null,
  call: Call,
): Promise<RebuildGroupingsResponse> {
  let changed = 0;
  for (const id of ids) changed += (await rebuildOrder(context, id, call)) ? 1 : 0;
  return { orders: ids.length, changed, next_cursor };
}
