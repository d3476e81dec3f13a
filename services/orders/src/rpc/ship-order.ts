import type { ShipOrderRequest, ShipOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { ship } from "../lifecycle.ts";

export function shipOrder(
  context: OrdersContext,
  request: ShipOrderRequest,
  call: Call,
): Promise<ShipOrderResponse> {
  return moveOrder(context, request, call, (order, now) => ship(order, request.shipment ?? null, now));
}
