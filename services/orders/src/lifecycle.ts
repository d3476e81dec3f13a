import type { Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type {
  FulfillmentState,
  LineCount,
  OrderEventData,
  Shipment,
  ShipmentLineItem,
  Short,
} from "@waybill/proto/orders/v1/fulfillment.ts";
import type { OrderDocument } from "./order.ts";

/** What a warehouse can do with an order. */
export type Move = "accept" | "start" | "pack" | "ship" | "short" | "deliver";

/** Where an order stands (001 Orders, "Order Statuses"). */
export type Status = "open" | "atWarehouse" | "inProcess" | "packed" | "fulfilled" | "delivered" | "canceled";

/**
 * The one legality table: from which statuses a move is allowed, where it leads, and its event. A `to` of null
 * follows from the units: see `settled`.
 */
const legality: Readonly<Record<Move, { from: readonly Status[]; to: Status | null; event: string }>> = {
  accept: { from: ["open"], to: "atWarehouse", event: "accepted" },
  start: { from: ["atWarehouse"], to: "inProcess", event: "started" },
  pack: { from: ["inProcess"], to: "packed", event: "packed" },
  ship: { from: ["packed"], to: null, event: "shipped" },
  short: { from: ["atWarehouse", "inProcess", "packed"], to: null, event: "shorted" },
  deliver: { from: ["fulfilled"], to: "delivered", event: "delivered" },
};

/** Every event carries all of them, and must pass Kafka. */
const SHIPMENTS_MAX = 200;
const SHORTS_MAX = 1_000;

/** The moves that are allowed in this status. */
export function allowedMoves(status: string): Move[] {
  const moves = Object.entries(legality) as [Move, (typeof legality)[Move]][];
  return moves.filter(([, { from }]) => from.includes(status as Status)).map(([move]) => move);
}

/** Throws `STATUS_FORBIDS` unless the order's status allows the move. */
export function assertAllowed({ status }: OrderDocument, move: Move): void {
  if (legality[move].from.includes(status as Status)) return;
  const allowed = allowedMoves(status).join(", ") || "none";
  throw new DomainError(
    "STATUS_FORBIDS",
    `the order is ${status}: ${move} is not allowed; allowed now: ${allowed}`,
  );
}

/** open → atWarehouse; from now on the order counts its units itself. Throws `NO_LINES`. */
export function accept(order: OrderDocument, lines: readonly LineItem[]): Decision<OrderDocument> {
  assertAllowed(order, "accept");
  if (lines.length === 0) throw new DomainError("NO_LINES");
  const line_counts = lines.map(({ id, sku_customer_id, quantity }) => ({
    id: id!,
    sku_customer_id: sku_customer_id!,
    ordered: quantity!,
    outstanding: quantity!,
    shipped: 0,
    shorted: 0,
  }));
  return moved({ ...order, line_counts }, "accept");
}

/** atWarehouse → inProcess. */
export function start(order: OrderDocument): Decision<OrderDocument> {
  assertAllowed(order, "start");
  return moved(order, "start");
}

/** inProcess → packed. */
export function pack(order: OrderDocument): Decision<OrderDocument> {
  assertAllowed(order, "pack");
  return moved(order, "pack");
}

/** Adds a shipment; packed → fulfilled once no unit is outstanding. */
export function ship(
  order: OrderDocument,
  parcel: Shipment | null,
  newShipmentId: string,
): Decision<OrderDocument> {
  assertAllowed(order, "ship");
  const items = parcel?.shipment_line_items.length
    ? parcel.shipment_line_items
    : everythingOutstanding(order);
  const shipment = completeShipment(order, { shipment_id: newShipmentId, ...withoutNulls(parcel) }, items);
  if (order.shipments.some(({ shipment_id }) => shipment_id === shipment.shipment_id)) {
    throw new DomainError("DUPLICATE_SHIPMENT");
  }
  assertFewer(order.shipments.length + 1, SHIPMENTS_MAX, "shipments");
  const line_counts = takeUnits(order.line_counts, items, "shipped", "/shipment/shipment_line_items");
  const shipments = [...order.shipments, shipment];
  return moved({ ...order, line_counts, shipments }, "ship");
}

/** Gives units up; the order is fulfilled or canceled once no unit is outstanding. */
export function short(order: OrderDocument, shorts: readonly Short[]): Decision<OrderDocument> {
  assertAllowed(order, "short");
  assertFewer(order.shorts.length + shorts.length, SHORTS_MAX, "shorts");
  const line_counts = takeUnits(order.line_counts, shorts, "shorted", "/shorts");
  return moved({ ...order, line_counts, shorts: [...order.shorts, ...shorts] }, "short");
}

/** fulfilled → delivered. */
export function deliver(order: OrderDocument): Decision<OrderDocument> {
  assertAllowed(order, "deliver");
  return moved(order, "deliver");
}

/** An order as a warehouse sees it. */
export function toFulfillmentState(order: OrderDocument): FulfillmentState {
  return {
    order_id: order._id,
    customer_identifier: order.customer_identifier,
    status: order.status,
    substatus: order.substatus ?? null,
    version: order.version,
    allowed_actions: allowedMoves(order.status),
    lines: order.line_counts,
  };
}

function moved(order: OrderDocument, move: Move): Decision<OrderDocument> {
  const { to, event } = legality[move];
  const state = to === null ? settled(order) : { ...order, status: to };
  const type = `waybill.order.${event}.v1`;
  return {
    state,
    events: [{ topic: topics.orders, type, messageType: "orderEvent", data: orderEventData(state) }],
  };
}

/** The documented data of an orderEvent, always with all shipments and shorts. */
function orderEventData({
  _id,
  customer_identifier,
  status,
  shipments,
  shorts,
}: OrderDocument): OrderEventData {
  return { order_id: _id, customer_identifier, status, shipments, shorts };
}

/** The status that follows from the counts: it never goes back, a rest to ship keeps the order where it is. */
function settled(order: OrderDocument): OrderDocument {
  const outstanding = order.line_counts.some((line) => line.outstanding > 0);
  const shipped = order.line_counts.some((line) => line.shipped > 0);
  if (outstanding) return shipped ? { ...order, substatus: "partially_shipped" } : order;
  return { ...order, status: shipped ? "fulfilled" : "canceled", substatus: null };
}

function assertFewer(count: number, max: number, what: string): void {
  if (count > max) throw new DomainError("RECORD_TOO_LARGE", `an order has at most ${max} ${what}`);
}

function everythingOutstanding({ line_counts }: OrderDocument): ShipmentLineItem[] {
  const bySku = Map.groupBy(line_counts, ({ sku_customer_id }) => sku_customer_id);
  return [...bySku]
    .map(([sku_customer_id, lines]) => ({
      sku_customer_id,
      quantity: lines.reduce((sum, { outstanding }) => sum + outstanding, 0),
    }))
    .filter(({ quantity }) => quantity > 0);
}

function completeShipment(
  { shipping_provider, shipper_service_level, updated_at }: OrderDocument,
  parcel: Partial<Shipment>,
  shipment_line_items: ShipmentLineItem[],
): Shipment {
  return {
    shipping_provider: shipping_provider ?? null,
    shipper_service_level: shipper_service_level ?? null,
    tracking_number: null,
    tracking_url: null,
    shipment_date_time: updated_at,
    ...parcel,
    shipment_line_items,
  };
}

function withoutNulls(parcel: Shipment | null): Partial<Shipment> {
  return Object.fromEntries(
    Object.entries(parcel ?? {}).filter(([, value]) => value !== null && value !== undefined),
  );
}

/** Books units of SKUs on the lines that have them, the first line first. */
function takeUnits(
  counts: readonly LineCount[],
  items: readonly { sku_customer_id?: string | null | undefined; quantity?: number | null | undefined }[],
  to: "shipped" | "shorted",
  place: string,
): LineCount[] {
  const lines = counts.map((line) => ({ ...line }));
  items.forEach(({ sku_customer_id, quantity }, index) => {
    const ofSku = lines.filter((line) => line.sku_customer_id === sku_customer_id);
    if (ofSku.length === 0)
      throw refusal("LINE_NOT_FOUND", `${place}/${index}/sku_customer_id`, "is not on the order");
    let rest = quantity!;
    for (const line of ofSku) {
      const units = Math.min(rest, line.outstanding);
      line.outstanding -= units;
      line[to] += units;
      rest -= units;
    }
    if (rest > 0) {
      throw refusal("QUANTITY_EXCEEDED", `${place}/${index}/quantity`, `is ${rest} more than outstanding`);
    }
  });
  return lines;
}

function refusal(code: ErrorCode, pointer: string, detail: string): DomainError {
  return new DomainError(code, undefined, { violations: [{ pointer, code, detail }] });
}
