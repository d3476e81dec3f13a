import type { ReceiveReturnRequest, ReceiveReturnResponse } from "@waybill/proto/orders/v1/returns.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { settleReturn } from "../return-moves.ts";

export function receiveReturn(
  context: OrdersContext,
  request: ReceiveReturnRequest,
  call: Call,
): Promise<ReceiveReturnResponse> {
  return settleReturn(context, request, call, "received", request.items);
}
