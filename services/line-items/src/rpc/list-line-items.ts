import type { ListLineItemsRequest, ListLineItemsResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { toOrderLines } from "../order-lines.ts";
import { findOrderLines } from "../store.ts";

export async function listLineItems(
  context: LineItemsContext,
  { order_ids }: ListLineItemsRequest,
  { tenantId }: Call,
): Promise<ListLineItemsResponse> {
  return { orders: (await findOrderLines(context, tenantId, order_ids)).map(toOrderLines) };
}
