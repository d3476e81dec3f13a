import type {
  HoldOrderRequestsRequest,
  HoldOrderRequestsResponse,
} from "@waybill/proto/orders/v1/sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { holdRequests } from "../resolve-request.ts";
import { sandboxBatch } from "../sandbox.ts";

export function holdOrderRequests(
  context: OrdersContext,
  { orders }: HoldOrderRequestsRequest,
  call: Call,
): Promise<HoldOrderRequestsResponse> {
  return sandboxBatch(context, call, orders, ({ order_customer_id, held }) =>
    holdRequests(context, call, order_customer_id!, held!),
  );
}
