import { insertAggregates, type Creation } from "@waybill/events/aggregates.ts";
import type { Winner } from "@waybill/events/create-once.ts";
import type { OutboxRow } from "@waybill/events/outbox.ts";
import type { Filter } from "mongodb";
import type { OrdersContext } from "./context.ts";
import type { OrderDocument } from "./order.ts";

/** Inserts orders with their events, all or none; `beforeCommit` may throw to give the attempt up. */
export function insertOrders(
  { orders }: Pick<OrdersContext, "orders">,
  creations: readonly Creation<OrderDocument>[],
  beforeCommit: () => void,
): Promise<void> {
  return insertAggregates(orders, creations, beforeCommit);
}

/** The orders with these customer_identifiers, as far as `createOnce` looks at them. */
export async function findOrderWinners(
  { orders }: Pick<OrdersContext, "orders">,
  tenantId: string,
  customerIdentifiers: string[],
): Promise<Winner[]> {
  const found = await orders.collection
    .find({ tenant_id: tenantId, customer_identifier: { $in: customerIdentifiers } })
    .project<OrderDocument>({ customer_identifier: 1, fingerprint: 1 })
    .toArray();
  return found.map(({ _id, customer_identifier, fingerprint }) => ({
    id: _id,
    customerIdentifier: customer_identifier,
    fingerprint,
  }));
}

const orderNrPattern = /^\d{1,15}$/;

/** The order that a path names by its UUID or its order_nr; null if the tenant has none. */
export function getOrderDocument(
  { orders }: OrdersContext,
  tenantId: string,
  name: string,
): Promise<OrderDocument | null> {
  const key: Filter<OrderDocument> = orderNrPattern.test(name)
    ? { order_nr: Number(name) }
    : { _id: name.toLowerCase() };
  return orders.collection.findOne({ tenant_id: tenantId, ...key });
}

/** Which orders a list shows. */
export interface OrderFilter {
  tenantId: string;
  ids: readonly string[];
  customerIdentifiers: readonly string[];
  /** Updated then or later: RFC 3339, UTC. */
  updatedSince: string | null;
  offset: number;
  limit: number;
}

/** A page of orders, the last updated first. */
export function listOrderDocuments({ orders }: OrdersContext, filter: OrderFilter): Promise<OrderDocument[]> {
  return orders.collection
    .find(toQuery(filter))
    .sort({ updated_at: -1, _id: -1 })
    .skip(filter.offset)
    .limit(filter.limit)
    .toArray();
}

/** The events of an order after a sequence, ascending: the rows of the outbox, which is the event log. */
export function listEventRows(
  { orders }: OrdersContext,
  tenantId: string,
  orderId: string,
  afterSequence: number,
  limit: number,
): Promise<OutboxRow[]> {
  return orders.outbox
    .find({ tenant_id: tenantId, aggregate_id: orderId, sequence: { $gt: afterSequence } })
    .sort({ sequence: 1 })
    .limit(limit)
    .toArray();
}

/** Which of these ids are orders of the tenant. */
export async function findOrderIds(
  { orders }: OrdersContext,
  tenantId: string,
  ids: readonly string[],
): Promise<string[]> {
  const found = await orders.collection
    .find({ _id: { $in: [...ids] }, tenant_id: tenantId })
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  return found.map(({ _id }) => _id);
}

function toQuery({ tenantId, ids, customerIdentifiers, updatedSince }: OrderFilter): Filter<OrderDocument> {
  return {
    tenant_id: tenantId,
    ...(ids.length > 0 ? { _id: { $in: [...ids] } } : {}),
    ...(customerIdentifiers.length > 0 ? { customer_identifier: { $in: [...customerIdentifiers] } } : {}),
    ...(updatedSince === null ? {} : { updated_at: { $gte: updatedSince } }),
  };
}
