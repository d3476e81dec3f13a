import type { ResolveOrderRequest, ResolveOrderResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { standingView } from "../order-view.ts";
import { viewStoredOrder } from "../store.ts";

export async function resolveOrder(
  context: OrdersContext,
  request: ResolveOrderRequest,
  { tenantId }: Call,
): Promise<ResolveOrderResponse> {
  const { _id, status } = await viewStoredOrder(context, tenantId, request.order!, standingView);
  return { order: { id: _id, status } };
}
