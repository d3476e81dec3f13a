import { invalidAt } from "@waybill/errors/domain-error.ts";
import type { ListOrdersRequest, ListOrdersResponse } from "@waybill/proto/orders/v1/orders.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage, type Page } from "@waybill/rpc/page.ts";
import { moveFacts } from "../config.ts";
import type { OrdersContext } from "../context.ts";
import { withLines, withTotals } from "../order-with-lines.ts";
import { toOrder } from "../order.ts";
import { summaryView, toSummary, wholeOrder, type OrderView, type SummaryDocument } from "../order-view.ts";
import { countStoredOrders, listStoredOrders, positionOf, type OrderFilter } from "../order-list.ts";

const descending = cursorsOf("orders/-updated_at/1", ["string", "string"]);
const ascending = cursorsOf("orders/updated_at/1", ["string", "string"]);

/** Reads the page that is asked for, as much of its orders as the view has. */
type Listing = <Seen extends SummaryDocument>(view: OrderView<Seen>) => Promise<Page<Seen>>;

export async function listOrders(
  context: OrdersContext,
  request: ListOrdersRequest,
  call: Call,
): Promise<ListOrdersResponse> {
  const cursors = request.sort === "updated_at" ? ascending : descending;
  const after = cursors.decode(request.cursor);
  const filter = toFilter(request, call.tenantId);
  const list: Listing = (view) =>
    readPage(request, (page) =>
      listStoredOrders(context, filter, { ascending: cursors === ascending, after, ...page }, view),
    );
  const [{ last, ...page }, total] = await Promise.all([
    request.list_type === "summary" ? summaries(context, list, call) : details(context, list, call),
    request.include_counts ? countStoredOrders(context, filter) : null,
  ]);
  return {
    list_type: request.list_type ?? "detail",
    include_counts: request.include_counts ?? false,
    total,
    next_cursor: last && cursors.encode(positionOf(last)),
    ...page,
  };
}

function toFilter(request: ListOrdersRequest, tenantId: string): OrderFilter {
  const updatedFrom = request.sdt ?? null;
  const updatedBefore = request.edt ?? null;
  if (updatedFrom !== null && updatedBefore !== null && updatedBefore <= updatedFrom) {
    throw invalidAt("/edt", "OUT_OF_RANGE", "must be later than sdt");
  }
  return {
    tenantId,
    ids: request.id,
    customerIdentifiers: request.cid,
    status: request.status ?? null,
    updatedFrom,
    updatedBefore,
  };
}

async function details(context: OrdersContext, list: Listing, call: Call) {
  const { elements, ...page } = await list(wholeOrder);
  const complete = await withLines(context, elements, call);
  const facts = moveFacts(context.inProcessCancel, call.tenantId);
  return {
    ...page,
    data: complete.map(({ document, lines }) => toOrder(document, lines, facts)),
    summaries: [],
  };
}

async function summaries(context: OrdersContext, list: Listing, call: Call) {
  const { elements, ...page } = await list(summaryView);
  const counted = await withTotals(context, elements, call);
  return { ...page, data: [], summaries: counted.map(({ document, totals }) => toSummary(document, totals)) };
}
