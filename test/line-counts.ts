import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";

/** What line-items counts of a line, beside what orders does: see `countsOfOrder`. */
export function countsOfLine(line: LineItem) {
  return [
    line.id,
    line.quantity,
    line.uom_quantity_outstanding,
    line.uom_quantity_fulfilled,
    line.uom_quantity_shorted,
    line.uom_quantity_canceled,
    line.uom_quantity_returning,
    line.uom_quantity_returned,
  ];
}

/** What orders counts of a line, in the order of `countsOfLine`. */
export function countsOfOrder(line: LineCount) {
  return [
    line.id,
    line.ordered,
    line.outstanding,
    line.fulfilled,
    line.shorted,
    line.canceled,
    line.returning,
    line.returned,
  ];
}
