import type { OrderAllocation } from "@waybill/proto/line_items/v1/allocation.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { newAllocation, type AllocationDocument, type StoredLineAllocation } from "./allocation.ts";

/** The message of an order's stock. */
export function toOrderAllocation(order: AllocationDocument): OrderAllocation {
  const { _id, status, terms, facilities, lines, decided_at } = order;
  return {
    order_id: _id,
    status,
    terms,
    facilities,
    lines: lines.map(({ shorts_ahead: _ahead, ...line }) => line),
    decided_at,
  };
}

/** What an order has of the stock if none of its SKUs is tracked. */
export function untrackedAllocation(document: OrderLinesDocument): AllocationDocument {
  const { terms, lines, updated_at } = document;
  const untracked = lines.map((line): StoredLineAllocation => ({
    order_line_item_id: line.id!,
    sku_id: line.sku_id!,
    sku_customer_id: line.sku_customer_id!,
    tracked: false,
    quantity: line.quantity!,
    settled: line.quantity! - (line.uom_quantity_outstanding ?? line.quantity!),
    allocated: 0,
    backordered: 0,
    shorted: 0,
    taken: [],
    candidates: [],
    candidates_omitted: 0,
    pick_style: "FIFO",
    shorts_ahead: 0,
  }));
  return { ...newAllocation(document, terms, updated_at), lines: untracked };
}
