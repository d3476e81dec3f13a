import type { FindOrdersRequest, FindOrdersResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { findStandings } from "../store.ts";

export async function findOrders(
  context: OrdersContext,
  { ids }: FindOrdersRequest,
  { tenantId }: Call,
): Promise<FindOrdersResponse> {
  const orders = await findStandings(context, tenantId, ids);
  return { ids: orders.map(({ id }) => id), orders };
}
