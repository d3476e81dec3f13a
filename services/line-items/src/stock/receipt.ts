import { newId } from "@waybill/mongo/ids.ts";
import type { ReceiveStockRequest } from "@waybill/proto/line_items/v1/inventory.ts";
import type { LineItemsContext } from "../context.ts";
import type { Lot, LotStatus } from "./lot.ts";
import { receive } from "./stock.ts";
import { changeStock, type StockChange } from "./stock-store.ts";

/** The units that a receipt is of; what says nothing is available and came in now. */
type ReceivedUnits = Omit<ReceiveStockRequest, "request_id" | "sku_id" | "sku_customer_id">;

/** Puts units that came in into their lot, see `changeStock`. Answers the lot. */
export function receiveUnits(
  context: LineItemsContext,
  change: StockChange,
  units: ReceivedUnits,
): Promise<Lot> {
  const arrival = {
    facility_id: units.facility_id!,
    quantity: units.quantity!,
    lot_number: units.lot_number ?? null,
    purchase_order: units.purchase_order ?? null,
    expiration_date: units.expiration_date ?? null,
    received_at: units.received_at ?? new Date().toISOString(),
    status: (units.status ?? "available") as LotStatus,
  };
  const lotId = newId();
  const received = { ...change, facilityId: arrival.facility_id };
  return changeStock(context, received, { cause: "received" }, (stock) => receive(stock, arrival, lotId));
}
