import type { CreateOrdersRequest, CreateOrdersResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { createRecords, type Mode } from "../create-records.ts";

export function createOrders(
  context: OrdersContext,
  { orders, mode, coalesced }: CreateOrdersRequest,
  call: Call,
): Promise<CreateOrdersResponse> {
  return createRecords(context, orders, call, (mode ?? "partial") as Mode, coalesced?.traceparents);
}
