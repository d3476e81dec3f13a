import type { Decision } from "@waybill/events/aggregates.ts";
import type { FulfillmentState } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { appliedRequest } from "./applied-requests.ts";
import { moveFacts } from "./config.ts";
import type { OrdersContext } from "./context.ts";
import { allowedMoves, type Move, type MoveFacts } from "./legality.ts";
import { substatusOf } from "./lifecycle.ts";
import type { OrderDocument } from "./order.ts";
import { updateOrder } from "./store.ts";

/** A move as its request names it; whatever else the request says is its content. */
interface MoveRequest {
  /** The order's UUID or its order_nr. */
  order?: string | null | undefined;
  /** Chosen by the caller, unique per move. */
  request_id?: string | null | undefined;
}

/** Moves an order by a rule; a repeat of the move with the same request id changes nothing. */
export async function moveOrder(
  context: OrdersContext,
  { order, request_id, ...content }: MoveRequest,
  { tenantId, traceparent }: CallOptions,
  move: Move,
  decide: (order: OrderDocument) => Decision<OrderDocument>,
): Promise<{ order: FulfillmentState }> {
  const change = {
    tenantId,
    name: order!,
    request: appliedRequest(move, request_id!, content),
    traceparent,
  };
  const facts = moveFacts(context.inProcessCancel, tenantId);
  return { order: toFulfillmentState(await updateOrder(context, change, decide), facts) };
}

/** An order as a warehouse sees it. */
function toFulfillmentState(order: OrderDocument, facts: MoveFacts): FulfillmentState {
  return {
    order_id: order._id,
    customer_identifier: order.customer_identifier,
    status: order.status,
    substatus: substatusOf(order),
    version: order.version,
    allowed_actions: allowedMoves(order, facts),
    lines: order.line_counts,
    hold_reason: order.hold?.reason ?? null,
  };
}
