import type { Decision } from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import type { LineItem, LineItemsEventData, LineShort } from "@waybill/proto/line_items/v1/line_items.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { allocatedUnits, isBackordered, type AllocationDocument } from "./allocation.ts";

/**
 * A decision about an order's lines, completed by what was decided about their stock: the counters of the
 * lines, and in each event whether units wait and what was shorted.
 */
export function withStock(
  { state, events }: Decision<OrderLinesDocument>,
  order: AllocationDocument | null,
  shorts: readonly LineShort[] = [],
): Decision<OrderLinesDocument> {
  if (order === null) return { state, events };
  const units = allocatedUnits(order);
  const backordered = isBackordered(order);
  const completed = events.map((event): NewEvent => {
    const data = event.data as LineItemsEventData;
    return { ...event, data: { ...data, lines: withUnits(data.lines, units), backordered, shorts } };
  });
  return { state: { ...state, lines: withUnits(state.lines, units) }, events: completed };
}

/** The same for a decision that leaves the stock as it is: one that tells nothing stays as it is too. */
export function tellingStock(
  decision: Decision<OrderLinesDocument>,
  order: AllocationDocument | null,
): Decision<OrderLinesDocument> {
  return decision.events.length > 0 ? withStock(decision, order) : decision;
}

/** Lines with the units that have their lots. */
export function withUnits(lines: readonly LineItem[], units: ReadonlyMap<string, number>): LineItem[] {
  return lines.map((line) => ({ ...line, uom_quantity_allocated: units.get(line.id!) ?? 0 }));
}
