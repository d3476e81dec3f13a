import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import type { Candidate } from "@waybill/events/create-once.ts";
import { EVENT_BYTES_MAX } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError, refusalOf } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { completed, messageOf } from "@waybill/mongo/stored.ts";
import type { LineItem, OrderLines } from "@waybill/proto/line_items/v1/line_items.ts";
import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";
import type { AppliedRequest } from "./applied-requests.ts";
import { withStockAtCreation, type StockFacts } from "./backorder.ts";
import { allowedMoves, type MoveFacts } from "./legality.ts";
import { substatusOf } from "./lifecycle.ts";

/** An order as it is stored: the message, with `_id` for `id`, without the lines, which line-items owns. */
export interface OrderDocument
  extends
    Omit<Order, "id" | "line_items" | "substatus" | "allowed_actions" | "version" | "updated_at">,
    AggregateDocument {
  order_nr: number;
  customer_identifier: string;
  status: string;
  /** Units per line, counted here once the order has left `open`; empty before. */
  line_counts: LineCount[];
  /** The sequence of the event that led to the status. */
  status_sequence: number;
  /** The update request that has the order locked while it replaces its lines. */
  changing: string | null;
  /** While the warehouse has stopped working on it. */
  hold: Hold | null;
  /** Whether the sandbox has its update and cancel requests stay pending. */
  requests_held: boolean;
  /** Whether units wait for stock. */
  backordered: boolean;
  /** The revision of the lines that `backordered` is known of. */
  stock_revision: number;
  /** The latest moves, so that a repeat changes nothing. */
  requests: AppliedRequest[];
  /** Of the record as it was first submitted. */
  fingerprint: string;
}

/** Why and since when a warehouse has stopped working on an order. */
interface Hold {
  reason: string | null;
  /** RFC 3339, UTC. */
  since: string;
}

export const ordersCollection: CollectionDeclaration = {
  name: "orders",
  indexes: [
    { name: "by_customer_identifier", key: { tenant_id: 1, customer_identifier: 1 }, unique: true },
    { name: "by_order_nr", key: { tenant_id: 1, order_nr: 1 }, unique: true },
    {
      name: "by_storefront_id",
      key: { tenant_id: 1, storefront_id: 1 },
      unique: true,
      partialFilterExpression: { storefront_id: { $gt: 0 } },
    },
    {
      name: "by_tracking_number",
      key: { tenant_id: 1, "shipments.tracking_number": 1, _id: -1 },
      partialFilterExpression: { "shipments.tracking_number": { $exists: true } },
    },
    { name: "by_status", key: { tenant_id: 1, status: 1, updated_at: -1, _id: -1 } },
    { name: "last_updated", key: { tenant_id: 1, updated_at: -1, _id: -1 } },
  ],
};

/** Order numbers are minted in blocks. */
export const ORDER_NR_BLOCK = 5_000;

/** A record that asks to become an order, under the ids of this attempt. */
export interface OrderCandidate extends Candidate {
  record: Order;
  lineIds: string[];
  /** `CO/…`: the order shows it, and its lines do. */
  reference: string;
  traceparent: string;
}

/** What a new order is made with, besides its record. */
interface NewOrder {
  tenantId: string;
  orderNr: number;
  /** RFC 3339, UTC. */
  now: string;
  /** What was decided about its stock; none: it has all of it. */
  stock?: StockFacts;
}

const supplied: StockFacts = { backordered: false, shorts: [], linesRevision: 1 };

const PRIORITY_DEFAULT = 100;
const CALL_LINES_MAX = 20_000;
// Leaves room in an event for what the order gains later.
const RECORD_BYTES_MAX = EVENT_BYTES_MAX / 2;
// Fields that documents from before they existed do not have.
const blank = Order.decode(new Uint8Array());
const {
  id: _id,
  line_items: _lines,
  substatus: _substatus,
  allowed_actions: _actions,
  version: _version,
  updated_at: _at,
  ...blankFields
} = blank;
/** What a stored order is taken to have where it has nothing: those of its fields that may be missing. */
export const blankDocument = {
  ...blankFields,
  line_counts: [],
  status_sequence: 1,
  changing: null,
  hold: null,
  requests_held: false,
  backordered: false,
  stock_revision: 0,
  requests: [],
};

/** What is stored in one transaction must not hold up everybody else's. Throws `BODY_TOO_LARGE`. */
export function assertLinesBounded(records: readonly Pick<Order, "line_items">[]): void {
  const lines = records.reduce((sum, { line_items }) => sum + line_items.length, 0);
  if (lines <= CALL_LINES_MAX) return;
  throw new DomainError(
    "BODY_TOO_LARGE",
    `one call takes at most ${CALL_LINES_MAX} lines; send fewer orders at once`,
  );
}

type Policies = Pick<Order, "split_policy" | "backorder_policy">;

/** The rules of a record that its proto cannot say; null if it keeps them. */
export function recordRefusal(record: Policies): DomainError | null {
  if (Buffer.byteLength(JSON.stringify(record)) > RECORD_BYTES_MAX) {
    return new DomainError("RECORD_TOO_LARGE", `the order must be at most ${RECORD_BYTES_MAX} bytes of JSON`);
  }
  return policiesRefusal(record);
}

function policiesRefusal({ split_policy, backorder_policy }: Policies): DomainError | null {
  if (backorder_policy !== "partial_ship" || split_policy !== "single_shipment") return null;
  const detail = "partial_ship needs several shipments, which single_shipment forbids";
  return refusalOf("/split_policy", "POLICIES_CONTRADICT", detail);
}

/** The rule of creating an order: defaults filled in, and the event of its creation. */
export function createOrder(
  candidate: OrderCandidate,
  { tenantId, orderNr, now, stock = supplied }: NewOrder,
): Decision<OrderDocument> {
  const {
    id: _unset,
    line_items,
    substatus: _none,
    allowed_actions: _none_yet,
    ...fields
  } = candidate.record;
  const state: OrderDocument = {
    ...withDefaults(fields),
    ...newAggregate(candidate.id, tenantId, now),
    order_nr: orderNr,
    customer_identifier: candidate.customerIdentifier,
    status: "open",
    submitted_at: fields.submitted_at ?? now,
    status_sequence: 1,
    references: [candidate.reference],
    line_counts: [],
    changing: null,
    hold: null,
    requests_held: false,
    backordered: stock.backordered,
    stock_revision: stock.linesRevision,
    requests: [],
    created_at: now,
    fingerprint: candidate.fingerprint,
  };
  const lines = line_items.map((line, index) => ({ ...line, id: candidate.lineIds[index]! }));
  // No tenant denies what is asked for while an order is open.
  const facts = { cancelsInProcess: true };
  const data = toOrder(state, { line_items: lines, line_ids: [], lines_revision: 1 }, facts);
  const created = { topic: topics.orders, type: "waybill.order.created.v1", data };
  return withStockAtCreation({ state, events: [created] }, stock, sumOf(line_items));
}

function sumOf(lines: readonly LineItem[]): number {
  return lines.reduce((sum, { quantity }) => sum + (quantity ?? 0), 0);
}

type Defaulted = Pick<Order, "priority" | "backorder_policy" | "routing_policy" | "split_policy">;

/** The fields of a record with what is set where it says nothing. */
export function withDefaults<Fields extends Defaulted>(fields: Fields): Fields {
  return {
    ...fields,
    priority: fields.priority ?? PRIORITY_DEFAULT,
    backorder_policy: fields.backorder_policy ?? "backorder",
    routing_policy: fields.routing_policy ?? "least_cost",
    split_policy: fields.split_policy ?? "minimize_splits",
  };
}

/** A document as it was found, with the fields that it was stored without. */
export function fromStored(found: OrderDocument): OrderDocument {
  return completed(blankDocument, found);
}

/** The message of a stored order with its lines. */
export function toOrder(document: OrderDocument, lines: OrderLines, facts: MoveFacts): Order {
  return {
    ...messageOf<Order>(blank, document),
    id: document._id,
    substatus: substatusOf(document),
    allowed_actions: allowedMoves(document, { ...facts, hasLines: lines.line_items.length > 0 }),
    line_items: lines.line_items,
    lines_revision: lines.lines_revision ?? null,
  };
}
