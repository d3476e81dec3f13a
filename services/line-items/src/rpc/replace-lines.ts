import { newId } from "@waybill/mongo/ids.ts";
import type { ReplaceLinesRequest, ReplaceLinesResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { replaceLines as replace, toOrderLines } from "../order-lines.ts";
import { takeSkusOfLines, updateOrderLines } from "../store.ts";

export async function replaceLines(
  context: LineItemsContext,
  request: ReplaceLinesRequest,
  { tenantId, traceparent }: Call,
): Promise<ReplaceLinesResponse> {
  const skus = await takeSkusOfLines(context, tenantId, request.line_items);
  const newIds = request.line_items.map(() => newId());
  const lines = await updateOrderLines(
    context,
    { tenantId, orderId: request.order_id! },
    (current) => replace(current, request, newIds, skus),
    traceparent,
  );
  return { lines: toOrderLines(lines) };
}
