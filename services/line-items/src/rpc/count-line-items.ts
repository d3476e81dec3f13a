import type {
  CountLineItemsRequest,
  CountLineItemsResponse,
} from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { countOrderLines } from "../store.ts";

export async function countLineItems(
  context: LineItemsContext,
  { order_ids }: CountLineItemsRequest,
  { tenantId }: Call,
): Promise<CountLineItemsResponse> {
  return { orders: await countOrderLines(context, tenantId, order_ids) };
}
