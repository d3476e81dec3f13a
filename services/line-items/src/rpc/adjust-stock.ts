import type { AdjustStockRequest, AdjustStockResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { adjust } from "../stock/stock.ts";
import { changeStock } from "../stock/stock-store.ts";
import { getNamedSku } from "../sku-store.ts";

export async function adjustStock(
  context: LineItemsContext,
  request: AdjustStockRequest,
  { tenantId, traceparent }: Call,
): Promise<AdjustStockResponse> {
  const sku = await getNamedSku(context, tenantId, request);
  const cause = { cause: "adjusted", reason: request.reason! } as const;
  const lot = await changeStock(
    context,
    { sku, requestId: request.request_id!, request, traceparent },
    cause,
    (stock) => adjust(stock, request.lot_id!, request.change!),
  );
  return { lot };
}
