import type {
  ResolveOrderCancelsRequest,
  ResolveOrderCancelsResponse,
} from "@waybill/proto/orders/v1/sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { resolveAs, type Resolution } from "../resolve-request.ts";
import { sandboxBatch } from "../sandbox.ts";

export function resolveOrderCancels(
  context: OrdersContext,
  { requests }: ResolveOrderCancelsRequest,
  call: Call,
): Promise<ResolveOrderCancelsResponse> {
  return sandboxBatch(context, call, requests, ({ order_cancel_request_id, resolution }) =>
    resolveAs(context, call.tenantId, "cancel", order_cancel_request_id!, resolution as Resolution),
  );
}
