import { newId } from "@waybill/mongo/ids.ts";
import type { ReceiveStockRequest, ReceiveStockResponse } from "@waybill/proto/line_items/v1/inventory.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import type { LotStatus } from "../stock/lot.ts";
import { receive } from "../stock/stock.ts";
import { changeStock } from "../stock/stock-store.ts";
import { getNamedSku } from "../sku-store.ts";

export async function receiveStock(
  context: LineItemsContext,
  request: ReceiveStockRequest,
  { tenantId, traceparent }: Call,
): Promise<ReceiveStockResponse> {
  const sku = await getNamedSku(context, tenantId, request);
  const arrival = {
    facility_id: request.facility_id!,
    quantity: request.quantity!,
    lot_number: request.lot_number ?? null,
    purchase_order: request.purchase_order ?? null,
    expiration_date: request.expiration_date ?? null,
    received_at: request.received_at ?? new Date().toISOString(),
    status: (request.status ?? "available") as LotStatus,
  };
  const change = {
    sku,
    requestId: request.request_id!,
    request,
    traceparent,
    facilityId: arrival.facility_id,
  };
  const lotId = newId();
  const lot = await changeStock(context, change, { cause: "received" }, (stock) =>
    receive(stock, arrival, lotId),
  );
  return { lot };
}
