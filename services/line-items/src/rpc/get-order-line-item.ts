import type {
  GetOrderLineItemRequest,
  GetOrderLineItemResponse,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { showLine } from "../order-line-item.ts";
import { getOrderLines } from "../store.ts";

export async function getOrderLineItem(
  context: LineItemsContext,
  request: GetOrderLineItemRequest,
  { tenantId }: Call,
): Promise<GetOrderLineItemResponse> {
  const lineId = request.id!;
  const lines = await getOrderLines(context, { tenantId, lineId });
  return { order_line_item: await showLine(context, lines, lineId) };
}
