import type { ShipOrderRequest, ShipOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { ship } from "../lifecycle.ts";

export function shipOrder(
  context: OrdersContext,
  request: ShipOrderRequest,
  call: Call,
): Promise<ShipOrderResponse> {
  const shipmentId = newId();
  return moveOrder(context, request, call, "ship", (order) =>
    ship(order, request.shipment ?? null, shipmentId),
  );
}
