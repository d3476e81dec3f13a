import type { Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { GroupingItem } from "@waybill/proto/groupings/v1/groupings.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { GroupingsContext } from "./context.ts";
import type { ChangeFacts } from "./grouping-changes.ts";
import { followLines, type GroupingsDocument } from "./grouping.ts";
import { fetchSnapshot } from "./line-snapshots.ts";
import { releaseDatesOf } from "./skus.ts";
import { changeStoredGroupings } from "./store.ts";

/** A change of an order's groupings as a caller asks for it. */
interface AskedChange {
  /** The order's UUID, its order_nr or its storefront id. */
  order: string | null | undefined;
  if_match?: string | null | undefined;
  /** All items that the request has, in its order. */
  items: readonly GroupingItem[];
}

/**
 * Lets `decide` change the groupings of an order, on its lines and ledger as they are at this moment. It is
 * pure, may run several times, and throws to refuse. Throws `ORDER_NOT_FOUND`.
 */
export async function changeGroupingsOf(
  context: GroupingsContext,
  { order: name, if_match, items }: AskedChange,
  call: Call,
  decide: (document: GroupingsDocument, facts: ChangeFacts) => Decision<GroupingsDocument>,
): Promise<GroupingsDocument> {
  const { order } = await context.orders.getOrder({ order: name! }, call);
  const keys = {
    _id: order!.id!,
    order_nr: order!.order_nr ?? null,
    storefront_id: order!.storefront_id ?? null,
  };
  const snapshot = await fetchSnapshot(context, keys._id, call);
  if (!snapshot) throw new DomainError("ORDER_NOT_FOUND");
  const facts: ChangeFacts = {
    dates: await releaseDatesOf(
      context,
      snapshot.lines.map(({ sku_id }) => sku_id!),
      call,
    ),
    itemIds: await context.itemIds.take(call.tenantId, items.length),
    ifMatch: if_match ?? null,
  };
  const { tenantId, traceparent } = call;
  return changeStoredGroupings(context, { tenantId, keys, traceparent }, (document) => {
    const followed = followLines(document, snapshot);
    const { state, events } = decide(followed.state, facts);
    return { state, events: [...followed.events, ...events] };
  });
}
