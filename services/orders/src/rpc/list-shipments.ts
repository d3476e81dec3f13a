import type { ListShipmentsRequest, ListShipmentsResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { shipmentsView } from "../order-view.ts";
import { viewStoredOrder } from "../store.ts";

export async function listShipments(
  context: OrdersContext,
  request: ListShipmentsRequest,
  { tenantId }: Call,
): Promise<ListShipmentsResponse> {
  const { shipments, shorts } = await viewStoredOrder(context, tenantId, request.order!, shipmentsView);
  return { data: shipments, shorts };
}
