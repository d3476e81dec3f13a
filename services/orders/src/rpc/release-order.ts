import type { ReleaseOrderRequest, ReleaseOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { release } from "../lifecycle.ts";

export function releaseOrder(
  context: OrdersContext,
  request: ReleaseOrderRequest,
  call: Call,
): Promise<ReleaseOrderResponse> {
  return moveOrder(context, request, call, "release", release);
}
