import type { ShortOrderRequest, ShortOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { short } from "../lifecycle.ts";

export function shortOrder(
  context: OrdersContext,
  request: ShortOrderRequest,
  call: Call,
): Promise<ShortOrderResponse> {
  return moveOrder(context, request, call, "short", (order) => short(order, request.shorts));
}
