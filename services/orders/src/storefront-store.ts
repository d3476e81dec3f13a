import { changeAggregate, type Decision } from "@waybill/events/aggregates.ts";
import { refusalOf } from "@waybill/errors/domain-error.ts";
import type { ClientSession } from "mongodb";
import type { OrdersContext } from "./context.ts";
import { fromStored, type OrderDocument } from "./order.ts";
import { standingView, type StandingDocument } from "./order-view.ts";

/** Changes an order as part of the caller's transaction. Throws `ORDER_NOT_FOUND`, with the given place. */
export async function changeStoredOrder(
  { orders }: Pick<OrdersContext, "orders">,
  { tenantId, orderId, place }: { tenantId: string; orderId: string; place: string },
  traceparent: string,
  session: ClientSession,
  decide: (order: OrderDocument) => Decision<OrderDocument>,
): Promise<OrderDocument> {
  const once = (stored: OrderDocument): Decision<OrderDocument> => {
    const order = fromStored(stored);
    const { state, events } = decide(order);
    return { state: state === order ? stored : state, events };
  };
  const changed = await changeAggregate(
    orders,
    { _id: orderId, tenant_id: tenantId },
    once,
    traceparent,
    session,
  );
  if (changed) return fromStored(changed);
  throw refusalOf(place, "ORDER_NOT_FOUND", "there is no such order");
}

/** Where those of these orders stand that are storefront orders of the tenant. */
export async function findStoredStorefrontOrders(
  { orders }: Pick<OrdersContext, "orders">,
  tenantId: string,
  ids: readonly string[],
): Promise<StandingDocument[]> {
  const filter = { _id: { $in: [...ids] }, tenant_id: tenantId, storefront: { $type: "object" } } as const;
  const found = orders.collection.find(filter).project<StandingDocument>(standingView.projection);
  return (await found.toArray()).map(standingView.complete);
}
