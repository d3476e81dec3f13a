import type { ShipOrdersRequest, ShipOrdersResponse } from "@waybill/proto/orders/v1/sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { sandboxBatch, shipWhole } from "../sandbox.ts";

export function shipOrders(
  context: OrdersContext,
  { orders }: ShipOrdersRequest,
  call: Call,
): Promise<ShipOrdersResponse> {
  return sandboxBatch(context, call, orders, (order) => shipWhole(context, call, order));
}
