import type { Decision } from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import type { LineCount, OrderEventData, Shipment, Short } from "@waybill/proto/orders/v1/fulfillment.ts";
import { assertAllowed, inStatus, legality, moveRefusal, settled, type Move } from "./legality.ts";
import type { OrderDocument } from "./order.ts";
import { withArrived, withShipment } from "./shipments.ts";
import {
  changeUnits,
  countLines,
  everyUnit,
  inProcess,
  namedOrEveryUnit,
  namedUnits,
  outstanding,
  packed,
  recountLines,
  shorted,
  toMovements,
  waiting,
  type LineUnits,
  type NamedUnits,
} from "./units.ts";

/** What the event of a move is called; returns have events of their own. */
const eventNames: Readonly<Record<Exclude<Move, "return">, string>> = {
  accept: "accepted",
  start: "started",
  pack: "packed",
  ship: "shipped",
  short: "shorted",
  deliver: "delivered",
  hold: "held",
  release: "released",
  update: "updated",
  cancel: "canceled",
};

/** Every event carries all of them, and must pass Kafka. */
export const SHORTS_MAX = 1_000;

/** What an order's substatus follows from. */
interface Standing extends Pick<OrderDocument, "changing" | "hold" | "backordered"> {
  line_counts: readonly Pick<LineCount, "fulfilled" | "outstanding">[];
}

/** What is special about the order beside its status; of several the one that holds up most. */
export function substatusOf({ changing, hold, backordered, line_counts }: Standing): string | null {
  if (changing !== null) return "updating";
  if (hold !== null) return "on_hold";
  if (backordered) return "backordered";
  const partial =
    line_counts.some((line) => line.fulfilled > 0) && line_counts.some((line) => line.outstanding > 0);
  return partial ? "partially_shipped" : null;
}

/** open → atWarehouse; from now on the order counts its units itself. Throws `NO_LINES`. */
export function accept(order: OrderDocument, lines: readonly LineItem[]): Decision<OrderDocument> {
  assertAllowed(order, "accept");
  if (lines.length === 0) throw moveRefusal(order, "accept", "NO_LINES", " and has no lines");
  const line_counts = countLines(lines, order.shorts);
  return moved({ ...order, line_counts }, "accept", shortedAtCreation(line_counts));
}

/** atWarehouse → inProcess; in later statuses the units of the next shipment. None named: every unit that waits. */
export function start(order: OrderDocument, named: readonly NamedUnits[] = []): Decision<OrderDocument> {
  assertAllowed(order, "start");
  const units = namedOrEveryUnit(order.line_counts, named, waiting, "/lines");
  return moved({ ...order, line_counts: changeUnits(order.line_counts, units, "started") }, "start");
}

/** inProcess → packed; then the units of the next shipment. None named: every unit in process. */
export function pack(order: OrderDocument, named: readonly NamedUnits[] = []): Decision<OrderDocument> {
  assertAllowed(order, "pack");
  const units = namedOrEveryUnit(order.line_counts, named, inProcess, "/lines");
  return moved({ ...order, line_counts: changeUnits(order.line_counts, units, "packed") }, "pack");
}

/** Adds a shipment; packed → fulfilled once no unit is outstanding. No lines named: every packed unit. */
export function ship(
  order: OrderDocument,
  parcel: Shipment | null,
  newShipmentId: string,
): Decision<OrderDocument> {
  assertAllowed(order, "ship");
  const place = "/shipment/shipment_line_items";
  const units = namedOrEveryUnit(order.line_counts, parcel?.shipment_line_items ?? [], packed, place);
  const shipments = withShipment(
    order,
    { ...parcel, shipment_id: parcel?.shipment_id ?? newShipmentId },
    units,
  );
  const line_counts = changeUnits(order.line_counts, units, "fulfilled");
  return moved({ ...order, line_counts, shipments }, "ship", toMovements(units, "fulfilled"));
}

/** Gives units up; the order is fulfilled or canceled once no unit is outstanding. */
export function short(order: OrderDocument, asked: readonly Short[]): Decision<OrderDocument> {
  assertAllowed(order, "short");
  const units = namedUnits(order.line_counts, asked, outstanding, "/shorts");
  const shorts = [...order.shorts, ...units.map((one) => toShort(one, asked[one.index]!.reason!))];
  if (shorts.length > SHORTS_MAX)
    throw new DomainError("RECORD_TOO_LARGE", `an order has at most ${SHORTS_MAX} shorts`);
  const line_counts = changeUnits(order.line_counts, units, "shorted");
  return moved({ ...order, line_counts, shorts }, "short", toMovements(units, "shorted"));
}

/** Shipments arrive; fulfilled → delivered with the last of them. None named: all that have left. */
export function deliver(order: OrderDocument, shipmentIds: readonly string[] = []): Decision<OrderDocument> {
  assertAllowed(order, "deliver");
  const shipments = withArrived(order, shipmentIds);
  return moved({ ...order, shipments }, "deliver");
}

/** Stops work on the order, in any status before fulfilled. */
export function hold(order: OrderDocument, reason: string | null): Decision<OrderDocument> {
  assertAllowed(order, "hold");
  return moved({ ...order, hold: { reason, since: order.updated_at } }, "hold");
}

/** Lifts a hold. */
export function release(order: OrderDocument): Decision<OrderDocument> {
  assertAllowed(order, "release");
  return moved({ ...order, hold: null }, "release");
}

/** Any status before packed → canceled. An open order's lines, sealed before, are given; else null. */
export function cancel(order: OrderDocument, lines: readonly LineItem[] | null): Decision<OrderDocument> {
  assertAllowed(order, "cancel");
  const counts = lines === null ? order.line_counts : countLines(lines, order.shorts);
  const units = everyUnit(counts, outstanding);
  const line_counts = changeUnits(counts, units, "canceled");
  const shortedBefore = lines === null ? [] : shortedAtCreation(counts);
  return moved({ ...order, line_counts }, "cancel", [...shortedBefore, ...toMovements(units, "canceled")]);
}

/** What was given up while the order was open moves when it leaves `open`. */
function shortedAtCreation(counts: readonly LineCount[]): Movement[] {
  return toMovements(everyUnit(counts, shorted), "shorted");
}

/**
 * The part of an update that concerns units: an order that counts its units itself counts the new lines. Its
 * `shorts` are to hold what the replacement gave up; an open order of which nothing is left is canceled, as at
 * its creation. The caller holds the order's lock and decides the rest.
 */
export function replaceLines(order: OrderDocument, lines: readonly LineItem[]): OrderDocument {
  const line_counts = recountLines(order.line_counts, lines, order.shorts);
  const after = inStatus({ ...order, line_counts }, settled);
  return after.status === "open" ? order : after;
}

/** The decision of a move: the status that it leads to and its event. */
function moved(
  order: OrderDocument,
  move: keyof typeof eventNames,
  movements: Movement[] = [],
): Decision<OrderDocument> {
  const after = inStatus(order, legality[move].to);
  const state = after.status === order.status ? after : { ...after, status_sequence: order.sequence + 1 };
  return { state, events: [orderEvent(state, eventNames[move], movements)] };
}

/** An `orderEvent` about the order as it is now; `name` is the verb of its type, such as `shipped`. */
export function orderEvent(order: OrderDocument, name: string, movements: Movement[] = []): NewEvent {
  const type = `waybill.order.${name}.v1`;
  return { topic: topics.orders, type, messageType: "orderEvent", data: orderEventData(order, movements) };
}

/** The documented data of an orderEvent, always with all shipments and shorts. */
function orderEventData(order: OrderDocument, movements: Movement[]): OrderEventData {
  const { _id, customer_identifier, status, shipments, shorts } = order;
  return {
    order_id: _id,
    customer_identifier,
    status,
    shipments,
    shorts,
    substatus: substatusOf(order),
    movements,
    hold_reason: order.hold?.reason ?? null,
  };
}

function toShort({ line, quantity }: LineUnits, reason: string): Short {
  return { sku_customer_id: line.sku_customer_id, quantity, reason, order_line_item_id: line.id };
}
