import type { RejectReturnRequest, RejectReturnResponse } from "@waybill/proto/orders/v1/returns.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { settleReturn } from "../return-moves.ts";

export function rejectReturn(
  context: OrdersContext,
  request: RejectReturnRequest,
  call: Call,
): Promise<RejectReturnResponse> {
  return settleReturn(context, request, call, "rejected", request.items);
}
