import type {
  ResolveOrderUpdatesRequest,
  ResolveOrderUpdatesResponse,
} from "@waybill/proto/orders/v1/sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { resolveAs, type Resolution } from "../resolve-request.ts";
import { sandboxBatch } from "../sandbox.ts";

export function resolveOrderUpdates(
  context: OrdersContext,
  { requests }: ResolveOrderUpdatesRequest,
  call: Call,
): Promise<ResolveOrderUpdatesResponse> {
  return sandboxBatch(context, call, requests, ({ order_update_request_id, resolution }) =>
    resolveAs(context, call.tenantId, "update", order_update_request_id!, resolution as Resolution),
  );
}
