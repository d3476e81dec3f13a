import type {
  ListOrderCancelRequestsRequest,
  ListOrderCancelRequestsResponse,
} from "@waybill/proto/orders/v1/order_requests.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { toCancelRequest } from "../request.ts";
import { pageOfRequests } from "../request-page.ts";

export async function listOrderCancelRequests(
  context: OrdersContext,
  request: ListOrderCancelRequestsRequest,
  { tenantId }: Call,
): Promise<ListOrderCancelRequestsResponse> {
  const { requests, ...page } = await pageOfRequests(context, tenantId, "cancel", request);
  return { ...page, data: requests.map(toCancelRequest) };
}
