import type { PackOrderRequest, PackOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { pack } from "../lifecycle.ts";

export function packOrder(
  context: OrdersContext,
  request: PackOrderRequest,
  call: Call,
): Promise<PackOrderResponse> {
  return moveOrder(context, request, call, "pack", (order) => pack(order, request.lines));
}
