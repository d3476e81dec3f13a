import type { Decision } from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { LineItem, type ReplaceLinesResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import { withStock } from "./backorder.ts";
import { isOpenTo, type Move, type MoveFacts, type Status } from "./legality.ts";
import { orderEvent, replaceLines } from "./lifecycle.ts";
import { toOrder, withDefaults, type OrderDocument } from "./order.ts";
import type { Refusal, RequestDocument } from "./request.ts";
import { everyUnit, toMovements } from "./units.ts";

/** How a merchant is told that its request came too late (design section 6). */
const lateReasons: Readonly<Partial<Record<Status, string>>> = {
  inProcess: "Order already in process",
  packed: "Order already packed",
  fulfilled: "Order already shipped",
  delivered: "Order already delivered",
  canceled: "Order already canceled",
};
const blankLine = LineItem.decode(new Uint8Array());

/** What the order's status has against an update or a cancel; null if nothing. */
export function statusRefusal(order: OrderDocument, move: Move): Refusal | null {
  return isOpenTo(order, move) ? null : lateRefusal(order);
}

/** The refusal of a request that came after the event that led to the order's status. */
export function lateRefusal({ status, status_sequence }: OrderDocument): Refusal {
  const reason = lateReasons[status as Status] ?? `Order is ${status}`;
  return { code: "STATUS_FORBIDS", reason, pointer: null, lostTo: status_sequence };
}

/** What is against an update that does not have the order locked yet. */
export function updateRefusal(
  order: OrderDocument,
  { _id, base_version }: Pick<RequestDocument, "_id" | "base_version">,
): Refusal | null {
  if (order.changing === _id) return null;
  return statusRefusal(order, "update") ?? versionRefusal(order, base_version);
}

function versionRefusal({ version, sequence }: OrderDocument, baseVersion: number | null): Refusal | null {
  if (baseVersion === null || baseVersion === version) return null;
  return {
    code: "CONFLICT",
    reason: `Order has version ${version}, not ${baseVersion}`,
    pointer: "/base_version",
    lostTo: baseVersion < version ? sequence : null,
  };
}

/**
 * The first step of an update: until it is decided nothing else changes the order, and readers see that it is
 * being updated. Throws `ORDER_CHANGING` if another update is there.
 */
export function lock(order: OrderDocument, requestId: string): Decision<OrderDocument> {
  if (order.changing !== null && order.changing !== requestId) throw new DomainError("ORDER_CHANGING");
  return { state: { ...order, changing: requestId }, events: [] };
}

/**
 * The last step: the order becomes what the record says, with the lines that line-items has put in the place
 * of the old ones. What the record leaves out is cleared or gets its default; what only Waybill sets stays, as
 * the type of an order that came in an order group.
 */
export function applyUpdate(
  order: OrderDocument,
  { _id, record }: Pick<RequestDocument, "_id" | "record">,
  { lines: replaced, backordered, shorts }: ReplaceLinesResponse,
  moveFacts: MoveFacts,
): Decision<OrderDocument> {
  if (order.changing !== _id) throw new Error("the update does not have the order locked");
  const { customer_identifier: _same, base_version: _checked, line_items: _replaced, ...fields } = record!;
  const lines = replaced!;
  const facts = {
    backordered: backordered ?? false,
    shorts,
    linesRevision: lines.lines_revision!,
    lineIds: lines.line_items.map(({ id }) => id!),
  };
  const kept = order.storefront ? { order_type: order.order_type } : {};
  const updated = withStock({ ...order, ...withDefaults(fields), ...kept, changing: null }, facts);
  const counted = replaceLines(updated, lines.line_items);
  const told = stockEvents(order, counted, shorts.length > 0);
  const status_sequence = counted.status === order.status ? order.status_sequence : order.sequence + 1;
  const state = { ...counted, status_sequence };
  const data = toOrder(state, { ...lines, line_items: lines.line_items.map(asOrdered) }, moveFacts);
  return { state, events: [...told, { topic: topics.orders, type: "waybill.order.updated.v1", data }] };
}

/** An `orderEvent` first, if nothing is left to ship of the new lines, or units of them could not be had. */
function stockEvents(before: OrderDocument, after: OrderDocument, isShorted: boolean): NewEvent[] {
  const newlyCounted = before.status === "open" ? everyUnit(after.line_counts, ({ shorted }) => shorted) : [];
  if (after.status !== before.status)
    return [orderEvent(after, "canceled", toMovements(newlyCounted, "shorted"))];
  return isShorted ? [orderEvent(after, "shorted")] : [];
}

/** Without what line-items adds: the event of 500 lines has to pass Kafka. */
function asOrdered(line: LineItem): LineItem {
  const {
    id,
    sku_id,
    sku_customer_id,
    quantity,
    promised_delivery_date,
    estimated_delivery_date,
    pick_from,
  } = line;
  const ordered = { id, sku_id, sku_customer_id, quantity, promised_delivery_date, estimated_delivery_date };
  return { ...blankLine, ...ordered, pick_from };
}
