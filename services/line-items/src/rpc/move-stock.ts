import { newId } from "@waybill/mongo/ids.ts";
import type { MoveStockRequest, MoveStockResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import type { LotStatus } from "../stock/lot.ts";
import { move } from "../stock/stock.ts";
import { changeStock } from "../stock/stock-store.ts";
import { getNamedSku } from "../sku-store.ts";

export async function moveStock(
  context: LineItemsContext,
  request: MoveStockRequest,
  { tenantId, traceparent }: Call,
): Promise<MoveStockResponse> {
  const sku = await getNamedSku(context, tenantId, request);
  const facilityId = request.facility_id ?? null;
  const to = { facility_id: facilityId, status: (request.status ?? null) as LotStatus | null };
  const change = { sku, requestId: request.request_id!, request, traceparent, facilityId };
  const lotId = newId();
  const lot = await changeStock(context, change, { cause: "moved" }, (stock) =>
    move(stock, request.lot_id!, request.quantity!, to, lotId),
  );
  return { lot };
}
