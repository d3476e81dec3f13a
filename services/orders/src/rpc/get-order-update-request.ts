import type {
  GetOrderUpdateRequestRequest,
  GetOrderUpdateRequestResponse,
} from "@waybill/proto/orders/v1/order_requests.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toUpdateRequest } from "../request.ts";
import { getStoredRequest } from "../request-store.ts";

export async function getOrderUpdateRequest(
  context: OrdersContext,
  { id }: GetOrderUpdateRequestRequest,
  { tenantId }: Call,
): Promise<GetOrderUpdateRequestResponse> {
  return { request: toUpdateRequest(await getStoredRequest(context, tenantId, id!, "update")) };
}
