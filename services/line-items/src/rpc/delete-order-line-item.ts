import type {
  DeleteOrderLineItemRequest,
  DeleteOrderLineItemResponse,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeLines } from "../stock/booking.ts";
import type { LineItemsContext } from "../context.ts";
import { removeLine } from "../line-changes.ts";
import type { OrderLinesDocument } from "../order-lines.ts";

export async function deleteOrderLineItem(
  context: LineItemsContext,
  request: DeleteOrderLineItemRequest,
  call: Call,
): Promise<DeleteOrderLineItemResponse> {
  const lineId = request.id!;
  const remove = (current: OrderLinesDocument) => removeLine(current, lineId, request.if_match);
  await changeLines(context, { tenantId: call.tenantId, lineId }, call, remove);
  return {};
}
