import type { ListInventoryRequest, ListInventoryResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { toInventory } from "../stock/stock.ts";
import { listStockDocuments } from "../stock/stock-store.ts";

const LIMIT_DEFAULT = 30;
const cursors = cursorsOf("inventory/sku_id/1", ["string"]);

export async function listInventory(
  context: LineItemsContext,
  request: ListInventoryRequest,
  { tenantId }: Call,
): Promise<ListInventoryResponse> {
  const limit = request.limit ?? LIMIT_DEFAULT;
  const offset = request.offset ?? 0;
  const found = await listStockDocuments(context, {
    tenantId,
    ids: request.id,
    customerIdentifiers: request.cid,
    after: cursors.decode(request.cursor)?.[0] ?? null,
    offset,
    limit: limit + 1,
  });
  const page = found.slice(0, limit);
  const now = new Date().toISOString();
  return {
    limit,
    offset,
    next_cursor: found.length > limit ? cursors.encode([page.at(-1)!.sku_id]) : null,
    data: page.map((stock) => toInventory(stock, now)),
  };
}
