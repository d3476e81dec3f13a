import type { AcceptOrderRequest, AcceptOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { accept, allowedMoves } from "../lifecycle.ts";
import type { OrderDocument } from "../order.ts";
import { getStoredOrder } from "../store.ts";

/**
 * First line-items closes the order's lines, so that none changes while the order takes over counting them;
 * a crash in between leaves them closed, and the next accept goes on from there.
 */
export async function acceptOrder(
  context: OrdersContext,
  request: AcceptOrderRequest,
  call: CallOptions,
): Promise<AcceptOrderResponse> {
  const order = await getStoredOrder(context, call.tenantId, request.order!);
  const lines = await sealedLines(context, order, call);
  return moveOrder(context, request, call, "accept", (current) => accept(current, lines));
}

/** None for an order that cannot be accepted: its lines stay as they are, and the rule refuses. */
async function sealedLines({ lineItems }: OrdersContext, { _id, status }: OrderDocument, call: CallOptions) {
  if (!allowedMoves(status).includes("accept")) return [];
  const { lines } = await lineItems.sealLines({ order_id: _id }, call);
  return lines?.line_items ?? [];
}
