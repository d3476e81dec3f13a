import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import { followLines } from "./grouping.ts";
import { fetchSnapshots } from "./lines.ts";
import { updateStoredGroupings } from "./store.ts";

/**
 * Has the groupings of up to SNAPSHOT_ORDERS_MAX orders follow the lines and ledgers that line-items has now.
 * Whatever came before, in whatever order and however often: the result is the same. Answers how many changed.
 */
export async function followOrders(
  context: GroupingsContext,
  orderIds: readonly string[],
  call: CallOptions,
): Promise<number> {
  const { tenantId, traceparent } = call;
  let changed = 0;
  for (const [orderId, snapshot] of await fetchSnapshots(context, orderIds, call)) {
    let version = 0;
    const after = await updateStoredGroupings(context, { tenantId, orderId, traceparent }, (document) => {
      version = document.version - 1;
      return followLines(document, snapshot);
    });
    if (after && after.version > version) changed += 1;
  }
  return changed;
}
