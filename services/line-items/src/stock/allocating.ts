import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { summaryOf, type AllocationDocument, type StoredLineAllocation } from "./allocation.ts";
import type { LineDemand, OrderDemand } from "./demand.ts";
import type { PickStyle } from "./lot.ts";
import { planOrder } from "./plan.ts";
import { putBack, type OpenShelves } from "./shelves.ts";

/**
 * The rule of giving an order's lines their stock anew: what they had goes back first, so that they can have
 * it again. Lines that stay keep what was settled of them.
 */
export function allocate(
  order: AllocationDocument,
  lines: readonly LineItem[],
  pickStyles: ReadonlyMap<string, PickStyle>,
  shelves: OpenShelves,
): AllocationDocument {
  const before = new Map(order.lines.map((line) => [line.order_line_item_id, line]));
  for (const line of order.lines) putBack(shelves, line.sku_id, line.taken);
  const demands = lines.map((line) => demandOf(line, before.get(line.id!), pickStyles));
  return decided(order, { orderId: order._id, terms: order.terms, lines: demands }, shelves);
}

/**
 * The rule of offering free units to an order that waits. It keeps what it has, but an order that must be one
 * shipment and can still change may go to another facility.
 */
export function topUp(
  order: AllocationDocument,
  { lines, open }: Pick<OrderLinesDocument, "lines" | "open">,
  shelves: OpenShelves,
): AllocationDocument {
  const rules = new Map(lines.map((line) => [line.id, line.pick_from]));
  // Not while units of its other SKUs are on offer: their round decides with all that is there.
  const isFree = open && !order.lines.some(({ sku_id }) => shelves.reserved.has(sku_id));
  const moves = isFree && order.terms.split_policy === "single_shipment";
  if (moves) for (const line of order.lines) putBack(shelves, line.sku_id, line.taken);
  const demands = order.lines.map((line): LineDemand => ({
    lineId: line.order_line_item_id,
    skuId: line.sku_id,
    skuCustomerId: line.sku_customer_id,
    pickFrom: rules.get(line.order_line_item_id) ?? [],
    pickStyle: line.pick_style as PickStyle,
    quantity: line.quantity,
    settled: line.settled,
    shorted: line.shorted,
    held: moves ? [] : line.taken,
  }));
  return decided(order, { orderId: order._id, terms: order.terms, lines: demands }, shelves);
}

function demandOf(
  line: LineItem,
  before: StoredLineAllocation | undefined,
  pickStyles: ReadonlyMap<string, PickStyle>,
): LineDemand {
  const same = before?.sku_id === line.sku_id ? before : undefined;
  return {
    lineId: line.id!,
    skuId: line.sku_id!,
    skuCustomerId: line.sku_customer_id!,
    pickFrom: line.pick_from,
    pickStyle: pickStyles.get(line.sku_id!) ?? "FIFO",
    quantity: line.quantity!,
    settled: same?.settled ?? 0,
    shorted: same?.shorted ?? 0,
    held: [],
  };
}

function decided(order: AllocationDocument, demand: OrderDemand, shelves: OpenShelves): AllocationDocument {
  const { order_id: _id, terms: _terms, ...plan } = planOrder(demand, shelves);
  const ahead = new Map(order.lines.map((line) => [line.order_line_item_id, line.shorts_ahead]));
  const lines = plan.lines.map((line, index) => ({
    ...line,
    shorts_ahead: (ahead.get(line.order_line_item_id) ?? 0) + line.shorted - demand.lines[index]!.shorted,
  }));
  const shorts = plan.lines.flatMap(({ order_line_item_id, sku_id, sku_customer_id, shorted }, index) => {
    const quantity = shorted - demand.lines[index]!.shorted;
    return quantity > 0 ? [{ order_line_item_id, sku_id, sku_customer_id, quantity }] : [];
  });
  return { ...order, ...plan, lines, shorts, ...summaryOf(lines) };
}
