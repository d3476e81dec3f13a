import type {
  UpdateOrderLineItemRequest,
  UpdateOrderLineItemResponse,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeLines } from "../stock/booking.ts";
import type { LineItemsContext } from "../context.ts";
import { patchLine } from "../line-changes.ts";
import { showLine } from "../order-line-item.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { takeSkusOfLines } from "../sku-store.ts";

export async function updateOrderLineItem(
  context: LineItemsContext,
  request: UpdateOrderLineItemRequest,
  call: Call,
): Promise<UpdateOrderLineItemResponse> {
  const lineId = request.id!;
  const { sku_id = null } = request.order_line_item!;
  const skus = await takeSkusOfLines(context, call.tenantId, [{ sku_id, sku_customer_id: null }]);
  const patch = (current: OrderLinesDocument) => patchLine(current, lineId, request, skus);
  const { lines } = await changeLines(context, { tenantId: call.tenantId, lineId }, call, patch);
  return { order_line_item: await showLine(context, lines, lineId) };
}
