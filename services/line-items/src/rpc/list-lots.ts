import type { ListLotsRequest, ListLotsResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { comparePick } from "../stock/lot.ts";
import { listStockDocuments } from "../stock/stock-store.ts";
import { getNamedSku } from "../sku-store.ts";

export async function listLots(
  context: LineItemsContext,
  request: ListLotsRequest,
  { tenantId }: Call,
): Promise<ListLotsResponse> {
  const { _id } = await getNamedSku(context, tenantId, request);
  const page = { tenantId, ids: [_id], customerIdentifiers: [], after: null, offset: 0, limit: 1 };
  const [stock] = await listStockDocuments(context, page);
  return { lots: (stock?.lots ?? []).toSorted(comparePick("FIFO")) };
}
