import { unavailable } from "@waybill/errors/domain-error.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { GroupingsContext } from "./context.ts";
import { followLines, recompute } from "./grouping.ts";
import { fetchSnapshot, fetchSnapshots } from "./line-snapshots.ts";
import { findGroupingsVersion, updateStoredGroupings } from "./store.ts";

/** Groupings, and the service that they follow. */
export type FollowingContext = Pick<GroupingsContext, "groupings" | "lineItems">;

const ROUNDS_MAX = 5;

/**
 * Has the groupings of up to a hundred orders follow the lines and ledgers that line-items has now. Whatever
 * came before, in whatever order and however often: the result is the same.
 */
export async function followOrders(
  context: FollowingContext,
  orderIds: readonly string[],
  call: CallOptions,
): Promise<void> {
  for await (const [orderId, snapshot] of fetchSnapshots(context, orderIds, call)) {
    await updateStoredGroupings(context, { ...call, orderId }, (document) => followLines(document, snapshot));
  }
}

/**
 * Recomputes an order's groupings from what line-items has now, whatever they take for known. Groupings that
 * changed meanwhile are looked at again, for they may hold something newer. Answers whether anything was wrong.
 */
export async function rebuildOrder(
  context: FollowingContext,
  orderId: string,
  call: CallOptions,
): Promise<boolean> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    const version = await findGroupingsVersion(context, call.tenantId, orderId);
    const snapshot = await fetchSnapshot(context, orderId, call);
    if (version === null || snapshot === null) return false;
    let changedMeanwhile = false;
    const after = await updateStoredGroupings(context, { ...call, orderId }, (document) => {
      changedMeanwhile = document.version !== version + 1;
      return changedMeanwhile ? { state: document, events: [] } : recompute(document, snapshot);
    });
    if (!changedMeanwhile) return after !== null && after.version > version;
  }
  throw unavailable("the groupings change faster than they can be rebuilt");
}
