import type { DeliverOrderRequest, DeliverOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { deliver } from "../lifecycle.ts";

export function deliverOrder(
  context: OrdersContext,
  request: DeliverOrderRequest,
  call: Call,
): Promise<DeliverOrderResponse> {
  return moveOrder(context, request, call, "deliver", (order) => deliver(order, request.shipment_ids));
}
