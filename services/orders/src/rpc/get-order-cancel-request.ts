import type {
  GetOrderCancelRequestRequest,
  GetOrderCancelRequestResponse,
} from "@waybill/proto/orders/v1/order_requests.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toCancelRequest } from "../request.ts";
import { getStoredRequest } from "../request-store.ts";

export async function getOrderCancelRequest(
  context: OrdersContext,
  { id }: GetOrderCancelRequestRequest,
  { tenantId }: Call,
): Promise<GetOrderCancelRequestResponse> {
  return { request: toCancelRequest(await getStoredRequest(context, tenantId, id!, "cancel")) };
}
