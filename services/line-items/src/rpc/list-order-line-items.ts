import type {
  ListOrderLineItemsRequest,
  ListOrderLineItemsResponse,
} from "@waybill/proto/line_items/v1/order_line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { showLines } from "../order-line-item.ts";
import { orderIdOf } from "../order-names.ts";
import { getOrderLines } from "../store.ts";

export async function listOrderLineItems(
  context: LineItemsContext,
  { order }: ListOrderLineItemsRequest,
  call: Call,
): Promise<ListOrderLineItemsResponse> {
  const name = { tenantId: call.tenantId, orderId: await orderIdOf(context, order!, call) };
  return { order_line_items: await showLines(context, await getOrderLines(context, name)) };
}
