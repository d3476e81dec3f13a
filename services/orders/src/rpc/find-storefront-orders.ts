import type {
  FindStorefrontOrdersRequest,
  FindStorefrontOrdersResponse,
} from "@waybill/proto/orders/v1/storefront.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toStanding } from "../storefront.ts";
import { findStoredStorefrontOrders } from "../storefront-store.ts";

export async function findStorefrontOrders(
  context: OrdersContext,
  { order_ids }: FindStorefrontOrdersRequest,
  { tenantId }: Call,
): Promise<FindStorefrontOrdersResponse> {
  return { orders: (await findStoredStorefrontOrders(context, tenantId, order_ids)).map(toStanding) };
}
