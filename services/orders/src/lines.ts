import type { OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "./context.ts";
import type { OrderDocument } from "./order.ts";

const noLines: OrderLines = { order_id: null, line_items: [], line_ids: [], lines_revision: null };

/** The lines of these orders, in one call, in the order of the orders. */
export async function linesOf(
  { lineItems }: OrdersContext,
  documents: readonly OrderDocument[],
  call: Call,
): Promise<OrderLines[]> {
  if (documents.length === 0) return [];
  const { orders } = await lineItems.listLineItems({ order_ids: documents.map(({ _id }) => _id) }, call);
  const byOrder = new Map(orders.map((lines) => [lines.order_id, lines]));
  return documents.map(({ _id }) => byOrder.get(_id) ?? noLines);
}
