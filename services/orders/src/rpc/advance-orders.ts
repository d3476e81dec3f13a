import type { AdvanceOrdersRequest, AdvanceOrdersResponse } from "@waybill/proto/orders/v1/sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import type { Status } from "../legality.ts";
import { advance, sandboxBatch } from "../sandbox.ts";

export function advanceOrders(
  context: OrdersContext,
  { orders }: AdvanceOrdersRequest,
  call: Call,
): Promise<AdvanceOrdersResponse> {
  return sandboxBatch(context, call, orders, ({ order_customer_id, status }) =>
    advance(context, call, order_customer_id!, status as Status),
  );
}
