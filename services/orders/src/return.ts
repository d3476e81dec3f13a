import type { AppliedRequest } from "./applied-requests.ts";
import { newAggregate, type AggregateDocument, type Decision } from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import type { Return, ReturnEventData } from "@waybill/proto/orders/v1/returns.ts";
import { assertAllowed } from "./legality.ts";
import type { OrderDocument } from "./order.ts";
import {
  changeUnits,
  namedOrEveryUnit,
  namedUnits,
  returnable,
  toMovements,
  type LineUnits,
  type MovementKind,
  type NamedLine,
  type NamedUnits,
} from "./units.ts";

/**
 * A return as it is stored: the message, with `_id` for `id`. It has no events of its own: those of its changes
 * are the order's, in the same transaction.
 */
export interface ReturnDocument extends AggregateDocument {
  order_id: string;
  customer_identifier: string;
  status: "open" | "received" | "rejected" | "canceled";
  reason: string | null;
  items: StoredReturnItem[];
  created_at: string;
  /** The latest moves, so that a repeat changes nothing. */
  requests: AppliedRequest[];
}

interface StoredReturnItem {
  order_line_item_id: string;
  sku_customer_id: string;
  quantity: number;
  grouping_id: number | null;
  received: number;
  rejected: number;
  canceled: number;
}

export const returnsCollection: CollectionDeclaration = {
  name: "returns",
  indexes: [
    { name: "newest", key: { tenant_id: 1, _id: -1 } },
    { name: "by_order", key: { tenant_id: 1, order_id: 1, _id: -1 } },
    { name: "by_status", key: { tenant_id: 1, status: 1, _id: -1 } },
  ],
};

/** What can become of units that are expected back. */
export type Outcome = "received" | "rejected" | "canceled";

/** What a change of a return means for its order: the units that move there. */
export interface ReturnChange {
  state: ReturnDocument;
  units: LineUnits<NamedLine>[];
  kind: MovementKind;
  /** Such as `received`. */
  event: string;
}

const blankItem = { received: 0, rejected: 0, canceled: 0 };

/**
 * The rule of asking for a return: its units are `returning` from now on. Throws `STATUS_FORBIDS`,
 * `LINE_NOT_FOUND` or `QUANTITY_EXCEEDED`.
 */
export function openReturn(order: OrderDocument, asked: Return, id: string): ReturnChange {
  assertAllowed(order, "return");
  const units = namedUnits(order.line_counts, asked.items, returnable, "/return/items");
  const state: ReturnDocument = {
    ...newAggregate(id, order.tenant_id, order.updated_at),
    order_id: order._id,
    customer_identifier: order.customer_identifier,
    status: "open",
    reason: asked.reason ?? null,
    items: units.map(({ line, quantity, grouping_id }) => ({
      order_line_item_id: line.id,
      sku_customer_id: line.sku_customer_id,
      quantity,
      grouping_id,
      ...blankItem,
    })),
    created_at: order.updated_at,
    requests: [],
  };
  return { state, units, kind: "returning", event: "created" };
}

/**
 * The rule of what becomes of expected units; none named: of all that are still expected. Throws
 * `RETURN_CLOSED`, `LINE_NOT_FOUND` or `QUANTITY_EXCEEDED`.
 */
export function settleUnits(
  found: ReturnDocument,
  outcome: Outcome,
  named: readonly NamedUnits[],
): ReturnChange {
  if (found.status !== "open") throw new DomainError("RETURN_CLOSED", `the return is ${found.status}`);
  const lines = found.items.map((item) => ({ ...item, id: item.order_line_item_id }));
  const taken = namedOrEveryUnit(lines, named, expected, "/items");
  const items = found.items.map((item, index) => {
    const units = taken
      .filter(({ line }) => line === lines[index])
      .reduce((sum, { quantity }) => sum + quantity, 0);
    return { ...item, [outcome]: item[outcome] + units };
  });
  return {
    state: { ...found, items, status: statusOf(items) },
    units: taken.map((units) => ({ ...units, grouping_id: units.line.grouping_id })),
    kind: outcome === "received" ? "returned" : "return_canceled",
    event: outcome,
  };
}

/** The order's part of a change of a return: its units, and the event in its sequence. */
export function followReturn(
  order: OrderDocument,
  { state, units, kind, event }: ReturnChange,
): Decision<OrderDocument> {
  const movements = toMovements(units, kind);
  return {
    state: { ...order, line_counts: changeUnits(order.line_counts, units, kind) },
    events: [returnEvent(state, event, movements)],
  };
}

/** The message of a stored return. */
export function toReturn({ _id, tenant_id, sequence, requests, ...fields }: ReturnDocument): Return {
  return { id: _id, ...fields };
}

function returnEvent(state: ReturnDocument, event: string, movements: Movement[]): NewEvent {
  const data: ReturnEventData = { return: toReturn(state), movements };
  return { topic: topics.orders, type: `waybill.return.${event}.v1`, data };
}

function expected({ quantity, received, rejected, canceled }: StoredReturnItem): number {
  return quantity - received - rejected - canceled;
}

function statusOf(items: readonly StoredReturnItem[]): ReturnDocument["status"] {
  if (items.some((item) => expected(item) > 0)) return "open";
  if (items.some(({ received }) => received > 0)) return "received";
  return items.some(({ rejected }) => rejected > 0) ? "rejected" : "canceled";
}
