import type { GetOrderRequest, GetOrderResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { moveFacts } from "../config.ts";
import type { OrdersContext } from "../context.ts";
import { withLines } from "../order-with-lines.ts";
import { toOrder } from "../order.ts";
import { getStoredOrder } from "../store.ts";

export async function getOrder(
  context: OrdersContext,
  request: GetOrderRequest,
  call: Call,
): Promise<GetOrderResponse> {
  const document = await getStoredOrder(context, call.tenantId, request.order!);
  const [read] = await withLines(context, [document], call);
  const facts = moveFacts(context.inProcessCancel, call.tenantId);
  return { order: toOrder(read!.document, read!.lines, facts) };
}
