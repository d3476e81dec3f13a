import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import type { LineTotals, OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import type { OrdersContext } from "./context.ts";
import type { OrderDocument } from "./order.ts";
import { findChanged } from "./order-list.ts";
import { summaryView, wholeOrder, type OrderView, type SummaryDocument } from "./order-view.ts";
import { findNamed } from "./store.ts";

type ReadingContext = Pick<OrdersContext, "orders" | "lineItems">;

/** An order and its lines as of one moment. */
export interface OrderWithLines {
  document: OrderDocument;
  lines: OrderLines;
}

/** An order, as a summary needs it, and what its lines add up to as of one moment. */
interface OrderWithTotals {
  document: SummaryDocument;
  totals: LineTotals;
}

const ROUNDS_MAX = 5;
/** What reading for several calls at once may take. */
const READ_MS_MAX = 10_000;
const noLines: OrderLines = {
  order_id: null,
  line_items: [],
  line_ids: [],
  lines_revision: null,
  lines_sequence: null,
  order_sequence: null,
};

/**
 * The orders that callers name by their UUID, order_nr or storefront_id, with their lines, in the order of the
 * names: `ORDER_NOT_FOUND` for one that is not there.
 */
export async function readOrders(
  context: ReadingContext,
  tenantId: string,
  names: readonly string[],
): Promise<(OrderWithLines | DomainError)[]> {
  const documents = await findNamed(context, tenantId, names);
  const found = [...new Set(documents)].filter((document) => document !== null);
  const call = { ...newCaller(tenantId), deadline: Date.now() + READ_MS_MAX };
  const complete = new Map((await withLines(context, found, call)).map((one, index) => [found[index]!, one]));
  return documents.map((document) => complete.get(document!) ?? new DomainError("ORDER_NOT_FOUND"));
}

/** These orders with their lines, in their order. */
export function withLines(
  context: ReadingContext,
  documents: readonly OrderDocument[],
  call: CallOptions,
): Promise<OrderWithLines[]> {
  return ofOneMoment(context, { documents, view: wholeOrder }, call, async (unread) => {
    const lines = await linesOf(context, unread, call);
    return unread.map((document) => ({ document, lines: lines.get(document._id) ?? noLines }));
  });
}

/** These orders with what their lines add up to, without the lines, in their order. */
export function withTotals(
  context: ReadingContext,
  documents: readonly SummaryDocument[],
  call: CallOptions,
): Promise<OrderWithTotals[]> {
  return ofOneMoment(context, { documents, view: summaryView }, call, async (unread) => {
    const totals = await totalsOf(context, unread, call);
    return unread.map((document, index) => ({ document, totals: totals[index]! }));
  });
}

/**
 * An update changes an order and its lines in two databases, with a write of the order before and after: so an
 * order that was written while its lines were read is read again, and nobody sees new lines beside old fields,
 * unless `substatus` says `updating`.
 */
async function ofOneMoment<Seen extends SummaryDocument, Read extends { document: Seen }>(
  context: ReadingContext,
  { documents, view }: { documents: readonly Seen[]; view: OrderView<Seen> },
  { tenantId }: CallOptions,
  read: (unread: readonly Seen[]) => Promise<Read[]>,
): Promise<Read[]> {
  const known = new Map<string, Read>();
  let unread = documents;
  for (let round = 1; unread.length > 0; round += 1) {
    if (round > ROUNDS_MAX) throw unavailable("the orders change faster than they can be read");
    for (const one of await read(unread)) known.set(one.document._id, one);
    unread = await findChanged(context, tenantId, unread, view);
  }
  return documents.map(({ _id }) => known.get(_id)!);
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

/** Of open orders line-items knows what their lines add up to, of all others their own counts. */
async function totalsOf(
  { lineItems }: Pick<OrdersContext, "lineItems">,
  documents: readonly SummaryDocument[],
  call: CallOptions,
): Promise<LineTotals[]> {
  const order_ids = documents.filter(({ status }) => status === "open").map(({ _id }) => _id);
  const { orders } =
    order_ids.length > 0 ? await lineItems.countLineItems({ order_ids }, call) : { orders: [] };
  const ofOpen = new Map(orders.map((totals) => [totals.order_id, totals]));
  return documents.map((document) => ofOpen.get(document._id) ?? countedTotals(document));
}

function countedTotals({ _id, line_counts }: SummaryDocument): LineTotals {
  return {
    order_id: _id,
    line_items_count: line_counts.length,
    total_quantity: line_counts.reduce((sum, { ordered }) => sum + ordered, 0),
  };
}
