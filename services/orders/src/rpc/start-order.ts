import type { StartOrderRequest, StartOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { start } from "../lifecycle.ts";

export function startOrder(
  context: OrdersContext,
  request: StartOrderRequest,
  call: Call,
): Promise<StartOrderResponse> {
  return moveOrder(context, request, call, "start", (order) => start(order, request.lines));
}
