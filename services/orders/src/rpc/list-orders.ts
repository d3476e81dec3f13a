import { DomainError } from "@waybill/errors/domain-error.ts";
import type { ListOrdersRequest, ListOrdersResponse } from "@waybill/proto/orders/v1/orders.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import { moveFacts } from "../config.ts";
import type { OrdersContext } from "../context.ts";
import { withLines, withTotals } from "../order-with-lines.ts";
import { toOrder, toSummary, type OrderDocument } from "../order.ts";
import { countStoredOrders, listStoredOrders, positionOf, type OrderFilter } from "../order-list.ts";

const descending = cursorsOf("orders/-updated_at/1", ["string", "string"]);
const ascending = cursorsOf("orders/updated_at/1", ["string", "string"]);

export async function listOrders(
  context: OrdersContext,
  request: ListOrdersRequest,
  call: Call,
): Promise<ListOrdersResponse> {
  const cursors = request.sort === "updated_at" ? ascending : descending;
  const after = cursors.decode(request.cursor);
  const filter = toFilter(request, call.tenantId);
  const [{ elements, last, ...bounds }, total] = await Promise.all([
    readPage(request, (page) =>
      listStoredOrders(context, filter, { ascending: cursors === ascending, after, ...page }),
    ),
    request.include_counts ? countStoredOrders(context, filter) : null,
  ]);
  return {
    ...bounds,
    list_type: request.list_type ?? "detail",
    include_counts: request.include_counts ?? false,
    total,
    next_cursor: last && cursors.encode(positionOf(last)),
    ...(await shown(context, elements, request.list_type === "summary", call)),
  };
}

function toFilter(request: ListOrdersRequest, tenantId: string): OrderFilter {
  const updatedFrom = request.sdt ?? null;
  const updatedBefore = request.edt ?? null;
  if (updatedFrom !== null && updatedBefore !== null && updatedBefore <= updatedFrom) {
    const place = { pointer: "/edt", code: "OUT_OF_RANGE", detail: "must be later than sdt" } as const;
    throw new DomainError("INVALID_REQUEST", undefined, { violations: [place] });
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

async function shown(
  context: OrdersContext,
  documents: readonly OrderDocument[],
  asSummaries: boolean,
  call: Call,
): Promise<Pick<ListOrdersResponse, "data" | "summaries">> {
  if (asSummaries) {
    const counted = await withTotals(context, documents, call);
    return { data: [], summaries: counted.map(({ document, totals }) => toSummary(document, totals)) };
  }
  const complete = await withLines(context, documents, call);
  const facts = moveFacts(context.inProcessCancel, call.tenantId);
  return { data: complete.map(({ document, lines }) => toOrder(document, lines, facts)), summaries: [] };
}
