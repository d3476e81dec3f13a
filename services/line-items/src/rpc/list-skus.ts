import type { ListSkusRequest, ListSkusResponse } from "@waybill/proto/line_items/v1/skus.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { toSku } from "../sku.ts";
import { listSkuDocuments } from "../store.ts";

const LIMIT_DEFAULT = 30;

export async function listSkus(
  context: LineItemsContext,
  request: ListSkusRequest,
  { tenantId }: Call,
): Promise<ListSkusResponse> {
  const limit = request.limit ?? LIMIT_DEFAULT;
  const offset = request.offset ?? 0;
  const documents = await listSkuDocuments(context, {
    tenantId,
    ids: request.id,
    customerIdentifiers: request.cid,
    offset,
    limit,
  });
  return { limit, offset, data: documents.map(toSku) };
}
