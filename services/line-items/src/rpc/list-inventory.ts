import type { ListInventoryRequest, ListInventoryResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { readPage } from "@waybill/rpc/page.ts";
import type { LineItemsContext } from "../context.ts";
import { toInventory } from "../stock/stock.ts";
import { listStockDocuments } from "../stock/stock-store.ts";

const cursors = cursorsOf("inventory/sku_id/1", ["string"]);

export async function listInventory(
  context: LineItemsContext,
  request: ListInventoryRequest,
  { tenantId }: Call,
): Promise<ListInventoryResponse> {
  const filter = { tenantId, ids: request.id, customerIdentifiers: request.cid };
  const after = cursors.decode(request.cursor)?.[0] ?? null;
  const { elements, last, ...bounds } = await readPage(request, (page) =>
    listStockDocuments(context, { ...filter, after, ...page }),
  );
  const now = new Date().toISOString();
  return {
    ...bounds,
    next_cursor: last && cursors.encode([last.sku_id]),
    data: elements.map((stock) => toInventory(stock, now)),
  };
}
