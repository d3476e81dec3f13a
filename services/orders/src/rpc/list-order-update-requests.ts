import type {
  ListOrderUpdateRequestsRequest,
  ListOrderUpdateRequestsResponse,
} from "@waybill/proto/orders/v1/order_requests.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toUpdateRequest } from "../request.ts";
import { pageOfRequests } from "../request-page.ts";

export async function listOrderUpdateRequests(
  context: OrdersContext,
  request: ListOrderUpdateRequestsRequest,
  { tenantId }: Call,
): Promise<ListOrderUpdateRequestsResponse> {
  const { requests, ...page } = await pageOfRequests(context, tenantId, "update", request);
  return { ...page, data: requests.map(toUpdateRequest) };
}
