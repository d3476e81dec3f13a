import type { ListSkusRequest, ListSkusResponse } from "@waybill/proto/line_items/v1/skus.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { LineItemsContext } from "../context.ts";
import { countSkuDocuments, listSkuDocuments, listSkuSummaries, positionOf } from "../sku-list.ts";
import { toSku, toSkuSummary } from "../sku.ts";

const cursors = cursorsOf("skus/-created_at/1", ["string", "string"]);

export async function listSkus(
  context: LineItemsContext,
  request: ListSkusRequest,
  { tenantId }: Call,
): Promise<ListSkusResponse> {
  const after = cursors.decode(request.cursor);
  const filter = { tenantId, ids: request.id, customerIdentifiers: request.cid };
  const details = async () => {
    const { elements, ...page } = await readPage(request, (bounds) =>
      listSkuDocuments(context, filter, { after, ...bounds }),
    );
    return { ...page, data: elements.map(toSku), summaries: [] };
  };
  const summaries = async () => {
    const { elements, ...page } = await readPage(request, (bounds) =>
      listSkuSummaries(context, filter, { after, ...bounds }),
    );
    return { ...page, data: [], summaries: elements.map(toSkuSummary) };
  };
  const [{ last, ...page }, total] = await Promise.all([
    request.list_type === "summary" ? summaries() : details(),
    request.include_counts ? countSkuDocuments(context, filter) : null,
  ]);
  return {
    ...page,
    list_type: request.list_type ?? "detail",
    include_counts: request.include_counts ?? false,
    total,
    next_cursor: last && cursors.encode(positionOf(last)),
  };
}
