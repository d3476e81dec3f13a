import { DomainError } from "@waybill/errors/domain-error.ts";
import type { GetOrderRequest, GetOrderResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { moveFacts } from "../config.ts";
import type { OrdersContext } from "../context.ts";
import { toOrder } from "../order.ts";

export async function getOrder(
  context: OrdersContext,
  request: GetOrderRequest,
  call: Call,
): Promise<GetOrderResponse> {
  const read = await context.reading.submit(call.tenantId, { name: request.order!, call });
  if (read instanceof DomainError) throw read;
  const facts = moveFacts(context.inProcessCancel, call.tenantId);
  return { order: toOrder(read.document, read.lines, facts) };
}
