import { newId } from "@waybill/mongo/ids.ts";
import type {
  CreateAvailableRequest,
  CreateAvailableResponse,
} from "@waybill/proto/line_items/v1/stock_sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { ensureFacility, sandboxBatch } from "../sandbox.ts";
import { receive } from "../stock/stock.ts";
import { changeStock } from "../stock/stock-store.ts";

const FACILITY_DEFAULT = "main";

export function createAvailable(
  context: LineItemsContext,
  { units }: CreateAvailableRequest,
  call: Call,
): Promise<CreateAvailableResponse> {
  return sandboxBatch(context, call, units, async (sku, record, requestId) => {
    const facilityId = record.facility_id ?? FACILITY_DEFAULT;
    await ensureFacility(context, call, facilityId);
    const arrival = {
      facility_id: facilityId,
      quantity: record.quantity!,
      lot_number: record.lot_number ?? null,
      purchase_order: record.purchase_order ?? null,
      expiration_date: record.expiration_date ?? null,
      received_at: new Date().toISOString(),
      status: "available" as const,
    };
    const change = { sku, requestId, request: record, traceparent: call.traceparent, facilityId };
    const lotId = newId();
    const lot = await changeStock(context, change, { cause: "received" }, (stock) =>
      receive(stock, arrival, lotId),
    );
    return lot.id;
  });
}
