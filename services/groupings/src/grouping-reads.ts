import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Grouping } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "./context.ts";
import { groupingOf } from "./grouping-changes.ts";
import { toGrouping, type ViewFacts } from "./grouping-view.ts";
import { followLines, skuIdsOf, type GroupingsDocument, type StoredGrouping } from "./grouping.ts";
import { fetchCaughtUp } from "./lines.ts";
import { findGroupings, findReleaseDates, findStoredProfiles, updateStoredGroupings } from "./store.ts";

/** Whose groupings a caller reads, and how fresh. */
interface AskedRead {
  /** The order's UUID, its order_nr or its storefront id. */
  order?: string | null | undefined;
  /** `strong` or `eventual`. */
  consistency?: string | null | undefined;
}

/**
 * The groupings of an order, null if it has none; with `strong` once they hold all that happened to the order
 * before the call. Throws `ORDER_NOT_FOUND`.
 */
export async function readGroupings(
  context: GroupingsContext,
  { order, consistency }: AskedRead,
  call: Call,
): Promise<GroupingsDocument | null> {
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
  return updateStoredGroupings(context, change, (current) => followLines(current, snapshot));
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

/** The messages of stored groupings of a tenant. */
export async function showGroupings(
  context: GroupingsContext,
  tenantId: string,
  groupings: readonly StoredGrouping[],
): Promise<Grouping[]> {
  const facts = await viewFacts(context, tenantId, groupings);
  return groupings.map((grouping) => toGrouping(grouping, facts));
}

/** What the views of these groupings show besides what is stored in them. */
export async function viewFacts(
  context: GroupingsContext,
  tenantId: string,
  groupings: readonly StoredGrouping[],
): Promise<ViewFacts> {
  const profileIds = groupings.map(({ profile_id }) => profile_id);
  const [profiles, dates] = await Promise.all([
    findStoredProfiles(context, tenantId, profileIds),
    findReleaseDates(context, tenantId, skuIdsOf(groupings)),
  ]);
  return { profiles, dates, now: new Date().toISOString() };
}
