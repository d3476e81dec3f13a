import type { HoldOrderRequest, HoldOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { hold } from "../lifecycle.ts";

export function holdOrder(
  context: OrdersContext,
  request: HoldOrderRequest,
  call: Call,
): Promise<HoldOrderResponse> {
  return moveOrder(context, request, call, "hold", (order) => hold(order, request.reason ?? null));
}
