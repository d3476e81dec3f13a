import type { AcceptOrderRequest, AcceptOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { acceptOrder as accept } from "../fulfillment.ts";

export function acceptOrder(
  context: OrdersContext,
  request: AcceptOrderRequest,
  call: Call,
): Promise<AcceptOrderResponse> {
  return accept(context, request, call);
}
