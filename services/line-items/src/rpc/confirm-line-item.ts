import type {
  ConfirmLineItemRequest,
  ConfirmLineItemResponse,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { confirmLine } from "../line-changes.ts";
import { showLine } from "../order-line-item.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { updateOrderLines } from "../store.ts";

export async function confirmLineItem(
  context: LineItemsContext,
  request: ConfirmLineItemRequest,
  { tenantId, traceparent }: Call,
): Promise<ConfirmLineItemResponse> {
  const lineId = request.order_line_item_id!;
  const confirm = (current: OrderLinesDocument) => confirmLine(current, request);
  const lines = await updateOrderLines(context, { tenantId, lineId }, confirm, traceparent);
  return { order_line_item: await showLine(context, lines, lineId) };
}
