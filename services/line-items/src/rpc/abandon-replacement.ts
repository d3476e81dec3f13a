import type {
  AbandonReplacementRequest,
  AbandonReplacementResponse,
} from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { abandonReplacement as abandon } from "../order-lines.ts";
import { updateOrderLines } from "../store.ts";

export async function abandonReplacement(
  context: LineItemsContext,
  { order_id, request_id }: AbandonReplacementRequest,
  { tenantId, traceparent }: Call,
): Promise<AbandonReplacementResponse> {
  const { replacements } = await updateOrderLines(
    context,
    { tenantId, orderId: order_id! },
    (lines) => abandon(lines, request_id!),
    traceparent,
  );
  return { replaced: replacements.includes(request_id!) };
}
