import type { Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { FulfillmentState } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { OrdersContext } from "./context.ts";
import { accept, assertAllowed, toFulfillmentState } from "./lifecycle.ts";
import type { OrderDocument } from "./order.ts";
import { getOrderDocument, updateOrder } from "./store.ts";

/** A move as its request names it. */
export interface MoveRequest {
  /** The order's UUID or its order_nr. */
  order?: string | null | undefined;
  /** Chosen by the caller, unique per move. */
  request_id?: string | null | undefined;
}

/** Moves an order by a rule; a repeat of the request id changes nothing. */
export async function moveOrder(
  context: OrdersContext,
  { order, request_id }: MoveRequest,
  { tenantId, traceparent }: CallOptions,
  decide: (order: OrderDocument, now: string) => Decision<OrderDocument>,
): Promise<{ order: FulfillmentState }> {
  const change = { tenantId, name: order!, requestId: request_id!, traceparent };
  return { order: toFulfillmentState(await updateOrder(context, change, decide)) };
}

/**
 * open → atWarehouse. First line-items closes the order's lines, so that none changes while the order takes
 * over counting them; a crash in between leaves them closed, and the next accept goes on from there.
 */
export async function acceptOrder(
  context: OrdersContext,
  request: MoveRequest,
  call: CallOptions,
): Promise<{ order: FulfillmentState }> {
  const order = await getOrderDocument(context, call.tenantId, request.order!);
  if (order === null) throw new DomainError("ORDER_NOT_FOUND");
  if (order.request_ids.includes(request.request_id!)) return { order: toFulfillmentState(order) };
  assertAllowed(order, "accept");
  const lines = await sealedLines(context, order._id, call);
  return moveOrder(context, request, call, (current) => accept(current, lines));
}

async function sealedLines(
  { lineItems }: OrdersContext,
  orderId: string,
  call: CallOptions,
): Promise<LineItem[]> {
  const { lines } = await lineItems.sealLines({ order_id: orderId }, call);
  return lines?.line_items ?? [];
}
