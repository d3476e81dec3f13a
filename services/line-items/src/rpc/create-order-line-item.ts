import { newId } from "@waybill/mongo/ids.ts";
import type {
  CreateOrderLineItemRequest,
  CreateOrderLineItemResponse,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeLines } from "../stock/booking.ts";
import type { LineItemsContext } from "../context.ts";
import { addLine } from "../line-changes.ts";
import { showLine } from "../order-line-item.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { orderIdOf } from "../order-names.ts";
import { takeSkusOfLines } from "../sku-store.ts";

export async function createOrderLineItem(
  context: LineItemsContext,
  { order, order_line_item: input }: CreateOrderLineItemRequest,
  call: Call,
): Promise<CreateOrderLineItemResponse> {
  const name = { tenantId: call.tenantId, orderId: await orderIdOf(context, order!, call) };
  const skus = await takeSkusOfLines(context, call.tenantId, [input!]);
  const id = newId();
  const add = (current: OrderLinesDocument) => addLine(current, input!, id, skus);
  const { lines } = await changeLines(context, name, call, add);
  return { order_line_item: await showLine(context, lines, id) };
}
