import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import { isDown } from "@waybill/mongo/failures.ts";
import { coalesced, type Coalesced } from "@waybill/process/coalesce.ts";
import type { LineTotals, OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { CallOptions } from "@waybill/rpc/client.ts";
import type { OrdersContext } from "./context.ts";
import type { OrderDocument } from "./order.ts";
import { findChanged } from "./order-list.ts";
import { summaryView, wholeOrder, type OrderView, type SummaryDocument } from "./order-view.ts";
import { findOrdersByName } from "./store.ts";

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
/** Orders that are read together are as many as a page of a list has. */
const TOGETHER = { inFlightMax: 2, groupMax: 100, waitingMax: 10_000 };
const noLines: OrderLines = {
  order_id: null,
  line_items: [],
  line_ids: [],
  lines_revision: null,
  lines_sequence: null,
  order_sequence: null,
};

/** An order that a caller names by its UUID, order_nr or storefront_id. */
export interface NamedOrder {
  name: string;
  call: CallOptions;
}

/** The reading of orders for several calls at the same time, see `readOrders`. */
export function coalescedReading(
  context: ReadingContext,
): Coalesced<NamedOrder, OrderWithLines | DomainError> {
  return coalesced({ work: readOrders.bind(null, context), isCommon: isDown }, TOGETHER);
}

/**
 * The named orders with their lines, each in the place of its name: `ORDER_NOT_FOUND` for one that is not there,
 * `DEADLINE_EXCEEDED` for one that nobody waits for any more, and for each that is there what kept its lines from
 * being read. Line-items is asked under the ids of the first caller.
 */
export async function readOrders(
  context: ReadingContext,
  tenantId: string,
  named: readonly NamedOrder[],
): Promise<(OrderWithLines | DomainError)[]> {
  const now = Date.now();
  const inTime = named.filter(({ call }) => call.deadline > now);
  const documents = await findOrdersByName(
    context,
    tenantId,
    inTime.map(({ name }) => name),
  );
  const found = [...new Map(documents.flatMap((one) => (one ? [[one._id, one]] : []))).values()];
  const call = { ...named[0]!.call, deadline: now + READ_MS_MAX };
  const read = await tryWithLines(context, found, call).catch((error: unknown) => {
    if (!(error instanceof DomainError)) throw error;
    return found.map(() => error);
  });
  const byId = new Map(found.map(({ _id }, index) => [_id, read[index]!]));
  const outcomes = documents.map((one) => (one ? byId.get(one._id)! : new DomainError("ORDER_NOT_FOUND")));
  const byNamed = new Map(inTime.map((one, index) => [one, outcomes[index]!]));
  return named.map((one) => byNamed.get(one) ?? new DomainError("DEADLINE_EXCEEDED"));
}

/** These orders with their lines, in their order. Throws if one changes faster than it can be read. */
export async function withLines(
  context: ReadingContext,
  documents: readonly OrderDocument[],
  call: CallOptions,
): Promise<OrderWithLines[]> {
  return (await tryWithLines(context, documents, call)).map(orThrow);
}

/** These orders with their lines, in their order; in the place of one that changes faster than that, why not. */
function tryWithLines(
  context: ReadingContext,
  documents: readonly OrderDocument[],
  call: CallOptions,
): Promise<(OrderWithLines | DomainError)[]> {
  return ofOneMoment(context, { documents, view: wholeOrder }, call, async (unread) => {
    const lines = await linesOf(context, unread, call);
    return unread.map((document) => ({ document, lines: lines.get(document._id) ?? noLines }));
  });
}

/** These orders with what their lines add up to, without the lines, in their order. */
export async function withTotals(
  context: ReadingContext,
  documents: readonly SummaryDocument[],
  call: CallOptions,
): Promise<OrderWithTotals[]> {
  const read = await ofOneMoment(context, { documents, view: summaryView }, call, async (unread) => {
    const totals = await totalsOf(context, unread, call);
    return unread.map((document, index) => ({ document, totals: totals[index]! }));
  });
  return read.map(orThrow);
}

function orThrow<Read extends object>(read: Read | DomainError): Read {
  if (read instanceof DomainError) throw read;
  return read;
}

/**
 * An update changes an order and its lines in two databases, with a write of the order before and after: so an
 * order that was written while its lines were read is read again, and nobody sees new lines beside old fields,
 * unless `substatus` says `updating`. One that is written each time is refused in its place.
 */
async function ofOneMoment<Seen extends SummaryDocument, Read extends { document: Seen }>(
  context: ReadingContext,
  { documents, view }: { documents: readonly Seen[]; view: OrderView<Seen> },
  { tenantId }: CallOptions,
  read: (unread: readonly Seen[]) => Promise<Read[]>,
): Promise<(Read | DomainError)[]> {
  const known = new Map<string, Read | DomainError>();
  let unread = documents;
  for (let round = 1; unread.length > 0 && round <= ROUNDS_MAX; round += 1) {
    for (const one of await read(unread)) known.set(one.document._id, one);
    unread = await findChanged(context, tenantId, unread, view);
  }
  for (const { _id } of unread) known.set(_id, unavailable("the order changes faster than it can be read"));
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
