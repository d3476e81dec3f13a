import type { ReceiveStockRequest, ReceiveStockResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { receiveUnits } from "../stock/receipt.ts";
import { getNamedSku } from "../sku-store.ts";

export async function receiveStock(
  context: LineItemsContext,
  request: ReceiveStockRequest,
  { tenantId, traceparent }: Call,
): Promise<ReceiveStockResponse> {
  const sku = await getNamedSku(context, tenantId, request);
  const change = { sku, requestId: request.request_id!, request, traceparent };
  return { lot: await receiveUnits(context, change, request) };
}
