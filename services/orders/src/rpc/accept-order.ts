import { DomainError } from "@waybill/errors/domain-error.ts";
import type { AcceptOrderRequest, AcceptOrderResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { OrdersContext } from "../context.ts";
import { moveOrder } from "../fulfillment.ts";
import { assertAllowed, moveRefusal } from "../legality.ts";
import { accept } from "../lifecycle.ts";
import { sealLines } from "../seal.ts";
import { getStoredOrder } from "../store.ts";

/** First line-items closes the order's lines, so that none changes while the order takes over counting them. */
export async function acceptOrder(
  context: OrdersContext,
  request: AcceptOrderRequest,
  call: CallOptions,
): Promise<AcceptOrderResponse> {
  const order = await getStoredOrder(context, call.tenantId, request.order!);
  if (order.status !== "open") return moveOrder(context, request, call, "accept", (now) => accept(now, []));
  assertAllowed(order, "accept");
  const sealed = await sealLines(context, order, call, true).catch((error: unknown) => {
    if (!(error instanceof DomainError) || error.code !== "BACKORDERED") throw error;
    throw moveRefusal(order, "accept", "BACKORDERED", " and waits for stock");
  });
  return moveOrder(context, request, call, "accept", (now) => {
    assertAllowed(now, "accept");
    sealed.assertCurrent(now);
    return accept(now, sealed.lines);
  });
}
