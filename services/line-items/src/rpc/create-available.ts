import type {
  CreateAvailableRequest,
  CreateAvailableResponse,
} from "@waybill/proto/line_items/v1/stock_sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { ensureFacility, sandboxBatch } from "../sandbox.ts";
import { receiveUnits } from "../stock/receipt.ts";

const FACILITY_DEFAULT = "main";

export function createAvailable(
  context: LineItemsContext,
  { units }: CreateAvailableRequest,
  call: Call,
): Promise<CreateAvailableResponse> {
  return sandboxBatch(context, call, units, async (sku, record, requestId) => {
    const facility_id = record.facility_id ?? FACILITY_DEFAULT;
    await ensureFacility(context, call, facility_id);
    const change = { sku, requestId, request: record, traceparent: call.traceparent };
    const { id } = await receiveUnits(context, change, { ...record, facility_id });
    return id;
  });
}
