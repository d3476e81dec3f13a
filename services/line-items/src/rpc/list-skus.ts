import type { ListSkusRequest, ListSkusResponse } from "@waybill/proto/line_items/v1/skus.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { LineItemsContext } from "../context.ts";
import { countSkuDocuments, listSkuDocuments, positionOf } from "../sku-list.ts";
import { toSku, toSkuSummary } from "../sku.ts";

const cursors = cursorsOf("skus/-created_at/1", ["string", "string"]);

export async function listSkus(
  context: LineItemsContext,
  request: ListSkusRequest,
  { tenantId }: Call,
): Promise<ListSkusResponse> {
  const after = cursors.decode(request.cursor);
  const filter = { tenantId, ids: request.id, customerIdentifiers: request.cid };
  const [{ elements, last, ...bounds }, total] = await Promise.all([
    readPage(request, (page) => listSkuDocuments(context, filter, { after, ...page })),
    request.include_counts ? countSkuDocuments(context, filter) : null,
  ]);
  const summary = request.list_type === "summary";
  return {
    ...bounds,
    list_type: request.list_type ?? "detail",
    include_counts: request.include_counts ?? false,
    total,
    next_cursor: last && cursors.encode(positionOf(last)),
    data: summary ? [] : elements.map(toSku),
    summaries: summary ? elements.map(toSkuSummary) : [],
  };
}
