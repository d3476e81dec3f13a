import type { ListSkusRequest, ListSkusResponse } from "@waybill/proto/line_items/v1/skus.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { countSkuDocuments, listSkuDocuments, positionOf } from "../sku-list.ts";
import { toSku, toSkuSummary } from "../sku.ts";

const LIMIT_DEFAULT = 30;
const cursors = cursorsOf("skus/-created_at/1", ["string", "string"]);

export async function listSkus(
  context: LineItemsContext,
  request: ListSkusRequest,
  { tenantId }: Call,
): Promise<ListSkusResponse> {
  const { limit, offset } = { limit: request.limit ?? LIMIT_DEFAULT, offset: request.offset ?? 0 };
  const after = cursors.decode(request.cursor);
  const filter = { tenantId, ids: request.id, customerIdentifiers: request.cid };
  const [found, total] = await Promise.all([
    // One more than asked for tells whether there is a next page.
    listSkuDocuments(context, filter, { after, offset, limit: limit + 1 }),
    request.include_counts ? countSkuDocuments(context, filter) : null,
  ]);
  const documents = found.slice(0, limit);
  const summary = request.list_type === "summary";
  return {
    limit,
    offset,
    list_type: request.list_type ?? "detail",
    include_counts: request.include_counts ?? false,
    total,
    next_cursor: found.length > limit ? cursors.encode(positionOf(documents.at(-1)!)) : null,
    data: summary ? [] : documents.map(toSku),
    summaries: summary ? documents.map(toSkuSummary) : [],
  };
}
