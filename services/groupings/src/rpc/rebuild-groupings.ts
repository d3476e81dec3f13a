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
/** So long before its deadline a call ends, with what it has done. */
const ANSWER_MS = 2_000;

export async function rebuildGroupings(
  context: GroupingsContext,
  { order, cursor, limit: wanted }: RebuildGroupingsRequest,
  call: Call,
): Promise<RebuildGroupingsResponse> {
  if (order) {
    const document = await readGroupings(context, { order }, call);
    return rebuild(context, document ? [document._id] : [], 1, call);
  }
  const limit = wanted ?? LIMIT_DEFAULT;
  // One more than asked for tells whether there are more.
  const found = await nextGroupedOrders(context, call.tenantId, cursor ?? "", limit + 1);
  return rebuild(context, found, limit, call);
}

/** Up to `limit` of the orders, as many as there is time for; what is left is behind the cursor. */
async function rebuild(
  context: GroupingsContext,
  ids: readonly string[],
  limit: number,
  call: Call,
): Promise<RebuildGroupingsResponse> {
  let [orders, changed] = [0, 0];
  for (const id of ids.slice(0, limit)) {
    if (orders > 0 && Date.now() > call.deadline - ANSWER_MS) break;
    changed += (await rebuildOrder(context, id, call)) ? 1 : 0;
    orders += 1;
  }
  return { orders, changed, next_cursor: orders < ids.length ? ids[orders - 1]! : null };
}
