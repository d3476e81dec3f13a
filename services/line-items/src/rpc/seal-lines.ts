import type { SealLinesRequest, SealLinesResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { seal, toOrderLines } from "../order-lines.ts";
import { updateOrderLines } from "../store.ts";

export async function sealLines(
  context: LineItemsContext,
  request: SealLinesRequest,
  { tenantId, traceparent }: Call,
): Promise<SealLinesResponse> {
  const name = { tenantId, orderId: request.order_id! };
  const lines = await updateOrderLines(context, name, seal, traceparent);
  return { lines: toOrderLines(lines) };
}
