import { updateAggregate, type Decision } from "@waybill/events/aggregates.ts";
import type { Winner } from "@waybill/events/create-once.ts";
import type { OutboxRow } from "@waybill/events/outbox.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { OrderStanding } from "@waybill/proto/orders/v1/orders.ts";
import type { ClientSession, Collection, FindCursor } from "mongodb";
import { readOrderName } from "@waybill/service/order-name.ts";
import { wasApplied, withApplied, type AppliedRequest } from "./applied-requests.ts";
import type { OrdersContext } from "./context.ts";
import { fromStored, type OrderDocument } from "./order.ts";
import { wholeOrder, type OrderView } from "./order-view.ts";

/** The orders with these customer_identifiers, as far as `createOnce` looks at them. */
export async function findOrderWinners(
  { orders }: Pick<OrdersContext, "orders">,
  tenantId: string,
  customerIdentifiers: string[],
): Promise<Winner[]> {
  const found = await findByCustomerIdentifiers(orders.collection, tenantId, customerIdentifiers)
    .project<OrderDocument>({ customer_identifier: 1, fingerprint: 1 })
    .toArray();
  return found.map(({ _id, customer_identifier, fingerprint }) => ({
    id: _id,
    customerIdentifier: customer_identifier,
    fingerprint,
  }));
}

/** The query of orders by their customer_identifiers. */
export function findByCustomerIdentifiers(
  collection: Collection<OrderDocument>,
  tenantId: string,
  customerIdentifiers: readonly string[],
): FindCursor<OrderDocument> {
  return collection.find({ tenant_id: tenantId, customer_identifier: { $in: [...customerIdentifiers] } });
}

/**
 * Changes the order that a caller names by its UUID, order_nr or storefront_id: `decide` is pure and throws to refuse.
 * A repeat of a request that was decided before changes nothing. Throws `ORDER_NOT_FOUND` and
 * `REQUEST_ID_REUSED`.
 */
export async function updateOrder(
  { orders }: Pick<OrdersContext, "orders">,
  { tenantId, name, request, traceparent }: OrderChange,
  decide: (order: OrderDocument) => Decision<OrderDocument>,
): Promise<OrderDocument> {
  const once = (found: OrderDocument): Decision<OrderDocument> => {
    const order = fromStored(found);
    if (wasApplied(order.requests, request)) return { state: found, events: [] };
    const { state, events } = decide(order);
    return { state: { ...state, requests: withApplied(state.requests, request) }, events };
  };
  const changed = await updateAggregate(
    orders,
    { tenant_id: tenantId, ...readOrderName(name) },
    once,
    traceparent,
  );
  if (changed === null) throw new DomainError("ORDER_NOT_FOUND");
  return fromStored(changed);
}

/** Which order is changed, and by which request. */
interface OrderChange {
  tenantId: string;
  /** The order's UUID, order_nr or storefront_id. */
  name: string;
  request: AppliedRequest;
  traceparent: string;
}

/** The order that a caller names by its UUID, order_nr or storefront_id. Throws `ORDER_NOT_FOUND`. */
export function getStoredOrder(
  context: Pick<OrdersContext, "orders">,
  tenantId: string,
  name: string,
): Promise<OrderDocument> {
  return viewStoredOrder(context, tenantId, name, wholeOrder);
}

/** As much as the view has of the order that a caller names in one of these ways. Throws `ORDER_NOT_FOUND`. */
export async function viewStoredOrder<Seen extends object>(
  { orders }: Pick<OrdersContext, "orders">,
  tenantId: string,
  name: string,
  view: OrderView<Seen>,
): Promise<Seen> {
  const query = findOrder(orders.collection, tenantId, name).project<Seen>(view.projection);
  return found(await query.next(), view);
}

/** The query of the order that a caller names by its UUID, order_nr or storefront_id. */
export function findOrder(
  collection: Collection<OrderDocument>,
  tenantId: string,
  name: string,
): FindCursor<OrderDocument> {
  return collection.find({ tenant_id: tenantId, ...readOrderName(name) }).limit(1);
}

type NameField = keyof OrderDocument & ("_id" | "order_nr" | "storefront_id");
const nameFields: readonly NameField[] = ["_id", "order_nr", "storefront_id"];

/** The orders that these names name, each in its name's place; null for one that is not there. */
export async function findOrdersByName(
  { orders }: Pick<OrdersContext, "orders">,
  tenantId: string,
  names: readonly string[],
): Promise<(OrderDocument | null)[]> {
  const wanted: Partial<OrderDocument>[] = names.map(readOrderName);
  const byName = new Map<unknown, OrderDocument>();
  const findBy = async (field: NameField) => {
    const values = wanted.flatMap((name) => name[field] ?? []);
    if (values.length === 0) return;
    const found = await findOrdersBy(orders.collection, tenantId, field, values).toArray();
    for (const order of found) byName.set(order[field], fromStored(order));
  };
  await Promise.all(nameFields.map(findBy));
  return wanted.map((name) => byName.get(Object.values(name)[0]) ?? null);
}

/** The query of the orders with names of one kind. */
export function findOrdersBy(
  collection: Collection<OrderDocument>,
  tenantId: string,
  field: NameField,
  values: readonly (string | number)[],
): FindCursor<OrderDocument> {
  return collection.find({ tenant_id: tenantId, [field]: { $in: values } });
}

/** The order with this customer_identifier. Throws `ORDER_NOT_FOUND`. */
export async function getOrderByCustomerIdentifier(
  { orders }: OrdersContext,
  tenantId: string,
  customerIdentifier: string,
): Promise<OrderDocument> {
  return found(
    await findByCustomerIdentifiers(orders.collection, tenantId, [customerIdentifier]).next(),
    wholeOrder,
  );
}

/** The order that has the shipment with this tracking number, null if none; of several the newest. */
export async function findOrderByTrackingNumber(
  { orders }: OrdersContext,
  tenantId: string,
  trackingNumber: string,
): Promise<OrderDocument | null> {
  const found = await findShipped(orders.collection, tenantId, trackingNumber).next();
  return found && fromStored(found);
}

/** The query of it. */
export function findShipped(
  collection: Collection<OrderDocument>,
  tenantId: string,
  trackingNumber: string,
): FindCursor<OrderDocument> {
  return collection
    .find({ tenant_id: tenantId, "shipments.tracking_number": trackingNumber })
    .sort({ _id: -1 })
    .limit(1);
}

function found<Seen>(document: Seen | null, { complete }: OrderView<Seen>): Seen {
  if (document === null) throw new DomainError("ORDER_NOT_FOUND");
  return complete(document);
}

/** The events of an order after a sequence, ascending: the rows of the outbox, which is the event log. */
export function listEventRows(
  { orders }: OrdersContext,
  tenantId: string,
  orderId: string,
  afterSequence: number,
  limit: number,
): Promise<OutboxRow[]> {
  return findEventRows(orders.outbox, tenantId, orderId, afterSequence).limit(limit).toArray();
}

/** The query of all of them. */
export function findEventRows(
  outbox: Collection<OutboxRow>,
  tenantId: string,
  orderId: string,
  afterSequence: number,
): FindCursor<OutboxRow> {
  return outbox
    .find({ tenant_id: tenantId, aggregate_id: orderId, sequence: { $gt: afterSequence } })
    .sort({ sequence: 1 });
}

/** Which of these ids are orders of the tenant, and where they stand. */
export async function findStandings(
  { orders }: OrdersContext,
  tenantId: string,
  ids: readonly string[],
): Promise<OrderStanding[]> {
  const found = await orders.collection
    .find({ _id: { $in: [...ids] }, tenant_id: tenantId })
    .project<{ _id: string; status: string }>({ status: 1 })
    .toArray();
  return found.map(({ _id, status }) => ({ id: _id, status }));
}

/** Those of these orders that wait for stock. */
export async function findBackordered(
  { orders }: Pick<OrdersContext, "orders">,
  ids: readonly string[],
  session: ClientSession,
): Promise<ReadonlySet<string>> {
  const found = await orders.collection
    .find({ _id: { $in: [...ids] }, backordered: true }, { session })
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  return new Set(found.map(({ _id }) => _id));
}
