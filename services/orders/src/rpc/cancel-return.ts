import type { CancelReturnRequest, CancelReturnResponse } from "@waybill/proto/orders/v1/returns.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { settleReturn } from "../return-moves.ts";

export function cancelReturn(
  context: OrdersContext,
  request: CancelReturnRequest,
  call: Call,
): Promise<CancelReturnResponse> {
  return settleReturn(context, request, call, "canceled", []);
}
