import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Grouping } from "@waybill/proto/groupings/v1/groupings.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "./context.ts";
import { groupingOf } from "./grouping-changes.ts";
import { toGrouping, type ViewFacts } from "./grouping-view.ts";
import { followLines, skuIdsOf, type GroupingsView, type StoredGrouping } from "./grouping.ts";
import { fetchCaughtUp } from "./line-snapshots.ts";
import { askForDates, releaseDatesOf } from "./skus.ts";
import { findGroupings, findStoredProfiles, updateStoredGroupings } from "./store.ts";

/** Whose groupings a caller reads, and how fresh. */
interface AskedRead {
  /** The order's UUID, its order_nr or its storefront id. */
  order?: string | null | undefined;
  /** `strong` or `eventual`. */
  consistency?: string | null | undefined;
}

/**
 * The groupings of an order, null if it has none; with `strong` once they hold all that happened to the order
 * before the call, and the release dates of their SKUs are known as they are now. Throws `ORDER_NOT_FOUND`.
 */
export async function readGroupings(
  context: GroupingsContext,
  { order, consistency }: AskedRead,
  call: Call,
): Promise<GroupingsView | null> {
  const document = await findGroupings(context, call.tenantId, order!);
  if (document === null) {
    // Only to learn whether there is such an order.
    await context.orders.resolveOrder({ order: order! }, call);
    return null;
  }
  if (consistency !== "strong") return document;
  const snapshot = await fetchCaughtUp(context, document._id, call);
  if (snapshot === null) return document;
  const change = { ...call, orderId: document._id };
  const followed = await updateStoredGroupings(context, change, (current) => followLines(current, snapshot));
  if (followed) await askForDates(context, skuIdsOf(followed.groupings), call);
  return followed;
}

/** One grouping of an order. Throws `ORDER_NOT_FOUND` or `GROUPING_NOT_FOUND`. */
export async function readGrouping(
  context: GroupingsContext,
  { grouping, ...asked }: AskedRead & { grouping?: number | null | undefined },
  call: Call,
): Promise<StoredGrouping> {
  const document = await readGroupings(context, asked, call);
  if (document === null) throw new DomainError("GROUPING_NOT_FOUND");
  return groupingOf(document, grouping!);
}

/** The messages of stored groupings of the caller's tenant. */
export async function showGroupings(
  context: GroupingsContext,
  groupings: readonly StoredGrouping[],
  call: CallOptions,
): Promise<Grouping[]> {
  const facts = await viewFacts(context, groupings, call);
  return groupings.map((grouping) => toGrouping(grouping, facts));
}

/** What the views of these groupings show besides what is stored in them. */
export async function viewFacts(
  context: GroupingsContext,
  groupings: readonly StoredGrouping[],
  call: CallOptions,
): Promise<ViewFacts> {
  const profileIds = groupings.map(({ profile_id }) => profile_id);
  const [profiles, dates] = await Promise.all([
    findStoredProfiles(context, call.tenantId, profileIds),
    releaseDatesOf(context, skuIdsOf(groupings), call),
  ]);
  return { profiles, dates, now: new Date().toISOString() };
}
