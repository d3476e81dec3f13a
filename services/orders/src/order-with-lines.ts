import { unavailable } from "@waybill/errors/domain-error.ts";
import type { LineTotals, OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { OrdersContext } from "./context.ts";
import type { OrderDocument } from "./order.ts";
import { findChanged } from "./order-list.ts";

/** An order and its lines as of one moment. */
interface OrderWithLines {
  document: OrderDocument;
  lines: OrderLines;
}

const ROUNDS_MAX = 5;
const noLines: OrderLines = {
  order_id: null,
  line_items: [],
  line_ids: [],
  lines_revision: null,
  lines_sequence: null,
  order_sequence: null,
};

/**
 * These orders with their lines, in their order. An update changes an order and its lines in two databases,
 * with a write of the order before and after: so an order that was written while its lines were read is read
 * again, and nobody sees new lines beside old fields, unless `substatus` says `updating`.
 */
export async function withLines(
  context: Pick<OrdersContext, "orders" | "lineItems">,
  documents: readonly OrderDocument[],
  call: CallOptions,
): Promise<OrderWithLines[]> {
  const read = new Map<string, OrderWithLines>();
  let unread = documents;
  for (let round = 1; unread.length > 0; round += 1) {
    if (round > ROUNDS_MAX) throw unavailable("the orders change faster than they can be read");
    const lines = await linesOf(context, unread, call);
    for (const document of unread)
      read.set(document._id, { document, lines: lines.get(document._id) ?? noLines });
    unread = await findChanged(context, call.tenantId, unread);
  }
  return documents.map(({ _id }) => read.get(_id)!);
}

/** The lines by order, in as many calls as their number takes. */
async function linesOf(
  { lineItems }: Pick<OrdersContext, "lineItems">,
  documents: readonly OrderDocument[],
  call: CallOptions,
): Promise<Map<string, OrderLines>> {
  const byOrder = new Map<string, OrderLines>();
  let order_ids = documents.map(({ _id }) => _id);
  while (order_ids.length > 0) {
    const { orders, unanswered } = await lineItems.listLineItems({ order_ids }, call);
    for (const lines of orders) byOrder.set(lines.order_id!, lines);
    order_ids = unanswered;
  }
  return byOrder;
}

/**
 * What the lines of these orders add up to, without the lines: of open orders line-items knows it, of all
 * others their own counts.
 */
export async function totalsOf(
  { lineItems }: OrdersContext,
  documents: readonly OrderDocument[],
  call: CallOptions,
): Promise<LineTotals[]> {
  const order_ids = documents.filter(({ status }) => status === "open").map(({ _id }) => _id);
  const { orders } =
    order_ids.length > 0 ? await lineItems.countLineItems({ order_ids }, call) : { orders: [] };
  const ofOpen = new Map(orders.map((totals) => [totals.order_id, totals]));
  return documents.map((document) => ofOpen.get(document._id) ?? countedTotals(document));
}

function countedTotals({ _id, line_counts }: OrderDocument): LineTotals {
  return {
    order_id: _id,
    line_items_count: line_counts.length,
    total_quantity: line_counts.reduce((sum, { ordered }) => sum + ordered, 0),
  };
}
