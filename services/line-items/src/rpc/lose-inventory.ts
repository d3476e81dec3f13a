import type {
  LoseInventoryRequest,
  LoseInventoryResponse,
  SandboxUnits,
} from "@waybill/proto/line_items/v1/stock_sandbox.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import type { Lot } from "../stock/lot.ts";
import { sandboxBatch } from "../sandbox.ts";
import { lose } from "../stock/stock.ts";
import { changeStock } from "../stock/stock-store.ts";

export function loseInventory(
  context: LineItemsContext,
  { units }: LoseInventoryRequest,
  call: Call,
): Promise<LoseInventoryResponse> {
  return sandboxBatch(context, call, units, async (sku, record, requestId) => {
    const change = { sku, requestId, request: record, traceparent: call.traceparent };
    await changeStock(context, change, { cause: "adjusted", reason: "loss" }, (stock) =>
      lose(stock, (lot) => fits(lot, record), record.quantity!),
    );
    return sku._id;
  });
}

function fits(lot: Lot, units: SandboxUnits): boolean {
  const keys = ["facility_id", "lot_number", "purchase_order", "expiration_date"] as const;
  return keys.every((key) => (units[key] ?? null) === null || lot[key] === units[key]);
}
