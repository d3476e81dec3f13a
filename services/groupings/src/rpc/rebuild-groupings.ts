import type {
  RebuildGroupingsRequest,
  RebuildGroupingsResponse,
} from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "../context.ts";
import { followOrders } from "../follower.ts";
import { SNAPSHOT_ORDERS_MAX } from "../lines.ts";
import { readGroupings } from "../grouping-reads.ts";
import { nextGroupedOrders } from "../store.ts";

export async function rebuildGroupings(
  context: GroupingsContext,
  { order }: RebuildGroupingsRequest,
  call: Call,
): Promise<RebuildGroupingsResponse> {
  if (order) {
    const document = await readGroupings(context, { order }, call);
    return document ? rebuild(context, [document._id], call) : { orders: 0, changed: 0 };
  }
  const total = { orders: 0, changed: 0 };
  for (let after = ""; ;) {
    const ids = await nextGroupedOrders(context, call.tenantId, after, SNAPSHOT_ORDERS_MAX);
    const { orders, changed } = await rebuild(context, ids, call);
    total.orders += orders;
    total.changed += changed;
    if (ids.length < SNAPSHOT_ORDERS_MAX) return total;
    after = ids.at(-1)!;
  }
}

async function rebuild(
  context: GroupingsContext,
  ids: readonly string[],
  call: Call,
): Promise<RebuildGroupingsResponse> {
  return { orders: ids.length, changed: ids.length > 0 ? await followOrders(context, ids, call) : 0 };
}
