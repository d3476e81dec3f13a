import type { Decision } from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import type { LineItem, LineItemsEventData, LineShort } from "@waybill/proto/line_items/v1/line_items.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { allocatedUnits, isBackordered, type AllocationDocument } from "./allocation.ts";

/**
 * A decision about an order's lines, completed by what the order has of the stock, null if nothing of it is
 * tracked: the counters of the lines, and in each event whether units wait and what was shorted. One that tells
 * nothing stays as it is.
 */
export function withStock(
  decision: Decision<OrderLinesDocument>,
  stock: AllocationDocument | null,
  shorts: readonly LineShort[] = [],
): Decision<OrderLinesDocument> {
  const { state, events } = decision;
  if (stock === null || events.length === 0) return decision;
  const units = allocatedUnits(stock);
  const backordered = isBackordered(stock);
  const completed = events.map((event): NewEvent => {
    const data = event.data as LineItemsEventData;
    return { ...event, data: { ...data, lines: withUnits(data.lines, units), backordered, shorts } };
  });
  return { state: { ...state, lines: withUnits(state.lines, units) }, events: completed };
}

/** Lines with the units that have their lots. */
export function withUnits(lines: readonly LineItem[], units: ReadonlyMap<string, number>): LineItem[] {
  return lines.map((line) => ({ ...line, uom_quantity_allocated: units.get(line.id!) ?? 0 }));
}
