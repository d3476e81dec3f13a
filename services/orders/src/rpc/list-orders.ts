import type { ListOrdersRequest, ListOrdersResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { OrdersContext } from "../context.ts";
import { linesOf } from "../lines.ts";
import { toOrder, toSummary } from "../order.ts";
import { listStoredOrders } from "../store.ts";

const LIMIT_DEFAULT = 30;

export async function listOrders(
  context: OrdersContext,
  request: ListOrdersRequest,
  call: Call,
): Promise<ListOrdersResponse> {
  const page = { limit: request.limit ?? LIMIT_DEFAULT, offset: request.offset ?? 0 };
  const documents = await listStoredOrders(context, {
    tenantId: call.tenantId,
    ids: request.id,
    customerIdentifiers: request.cid,
    status: request.status ?? null,
    updatedSince: request.sdt ?? null,
    ...page,
  });
  const lines = await linesOf(context, documents, call);
  const summary = request.list_type === "summary";
  return {
    ...page,
    list_type: summary ? "summary" : "detail",
    data: summary ? [] : documents.map((document, index) => toOrder(document, lines[index]!)),
    summaries: summary ? documents.map((document, index) => toSummary(document, lines[index]!)) : [],
  };
}
