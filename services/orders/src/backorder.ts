import type { Decision } from "@waybill/events/aggregates.ts";
import type { AllocationTerms } from "@waybill/proto/line_items/v1/allocation.ts";
import { LineItem, type LineShort } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Short } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { Order } from "@waybill/proto/orders/v1/orders.ts";
import { orderEvent, SHORTS_MAX } from "./lifecycle.ts";
import type { OrderDocument } from "./order.ts";
import { countLines, everyUnit, toMovements } from "./units.ts";

/** What line-items says about the stock of an order's lines. */
export interface StockFacts {
  backordered: boolean;
  /** Units that were given up for want of stock. */
  shorts: readonly LineShort[];
  /** The revision of the lines that it is about. */
  linesRevision: number;
}

/** The same of an order that is there, whose lines may have changed. */
export interface NewStockFacts extends StockFacts {
  /** The lines that the order has now, by id. */
  lineIds: readonly string[];
}

/** The fields of an order that its stock depends on. */
type Ordered = Pick<
  Order,
  | "priority"
  | "submitted_at"
  | "backorder_policy"
  | "routing_policy"
  | "split_policy"
  | "facility_id"
  | "shipping_address_country_code"
>;

/** What decides which stock an order gets. */
export function termsOf(order: Ordered): AllocationTerms {
  return {
    priority: order.priority ?? null,
    submitted_at: order.submitted_at ?? null,
    backorder_policy: order.backorder_policy ?? "backorder",
    routing_policy: order.routing_policy ?? null,
    split_policy: order.split_policy ?? null,
    facility_id: order.facility_id ?? null,
    country_code: order.shipping_address_country_code ?? null,
  };
}

const blank = LineItem.decode(new Uint8Array());

/**
 * The rule of creating an order whose stock was decided: units that could not be had are shorted, which is an
 * event of its own. An order of which nothing is left is canceled.
 */
export function withStockAtCreation(
  { state, events }: Decision<OrderDocument>,
  { shorts }: StockFacts,
  quantity: number,
): Decision<OrderDocument> {
  if (shorts.length === 0) return { state, events };
  const shorted = { ...state, shorts: [...state.shorts, ...shorts.map(toShort)] };
  if (shorts.reduce((sum, short) => sum + short.quantity, 0) < quantity) {
    return { state: shorted, events: [...events, orderEvent(shorted, "shorted")] };
  }
  const lines = shorts.map(({ order_line_item_id: id, ...short }) => ({ ...blank, ...short, id }));
  const canceled = {
    ...shorted,
    status: "canceled",
    line_counts: countLines(lines, shorted.shorts),
    status_sequence: state.sequence + 2,
  };
  const movements = toMovements(
    everyUnit(canceled.line_counts, (line) => line.shorted),
    "shorted",
  );
  return { state: canceled, events: [...events, orderEvent(canceled, "shorted", movements)] };
}

/**
 * The order with what line-items says about its stock: the shorts in any case, whether it waits unless a later
 * revision is known already.
 */
export function withStock(order: OrderDocument, facts: NewStockFacts): OrderDocument {
  const isKnown = facts.linesRevision <= order.stock_revision;
  return {
    ...order,
    backordered: isKnown ? order.backordered : facts.backordered,
    stock_revision: Math.max(order.stock_revision, facts.linesRevision),
    shorts: bounded(withShorts(order.shorts, facts.shorts.map(toShort)), new Set(facts.lineIds)),
  };
}

/** Units of a line that could not be had are one short, however often some were given up. */
function withShorts(known: readonly Short[], added: readonly Short[]): Short[] {
  const shorts = [...known];
  for (const short of added) {
    const { order_line_item_id: line, reason } = short;
    const at = shorts.findIndex((one) => one.order_line_item_id === line && one.reason === reason);
    if (at === -1) shorts.push(short);
    else shorts[at] = { ...short, quantity: shorts[at]!.quantity! + short.quantity! };
  }
  return shorts;
}

/** Of more than SHORTS_MAX those of lines that the order does not have any more are forgotten, the oldest first. */
function bounded(shorts: readonly Short[], lineIds: ReadonlySet<string>): Short[] {
  const gone = shorts.filter(({ order_line_item_id }) => !lineIds.has(order_line_item_id!));
  const forgotten = new Set(gone.slice(0, Math.max(0, shorts.length - SHORTS_MAX)));
  return shorts.filter((short) => !forgotten.has(short));
}

/**
 * The rule of following what an event of line-items says about the stock of an order. What is older than what is
 * known changes nothing, nor does what an update's lines came to (`cause`: `replaced`): the commit of the update
 * tells that, from the answer of line-items, and nobody before it.
 */
export function followStock(
  order: OrderDocument,
  { cause, ...facts }: NewStockFacts & { cause: string },
): Decision<OrderDocument> {
  if (cause === "replaced" || facts.linesRevision <= order.stock_revision)
    return { state: order, events: [] };
  const state = withStock(order, facts);
  const told = [
    ...(facts.shorts.length > 0 ? [orderEvent(state, "shorted")] : []),
    ...(state.backordered === order.backordered
      ? []
      : [orderEvent(state, state.backordered ? "backordered" : "allocated")]),
  ];
  return told.length > 0 ? { state, events: told } : { state: order, events: [] };
}

function toShort({ sku_customer_id, quantity, order_line_item_id }: LineShort): Short {
  return { sku_customer_id, quantity, reason: "insufficient_inventory", order_line_item_id };
}
