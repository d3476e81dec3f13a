import { changeAggregate, insertAggregates, type Creation } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { inTransaction, readOwnWrites } from "@waybill/mongo/transaction.ts";
import type { WinningEvent } from "@waybill/proto/orders/v1/order_requests.ts";
import type { ClientSession, FindCursor } from "mongodb";
import type { OrdersContext } from "./context.ts";
import { fromStored, type OrderDocument } from "./order.ts";
import { findByCustomerIdentifiers } from "./store.ts";
import { decideStep, type RequestDocument, type RequestKind, type Step } from "./request.ts";

/** What working with stored requests needs of the context. */
export type RequestsContext = Pick<OrdersContext, "orders" | "requests">;

/** Stores new requests with the commands to decide them, all or none. */
export async function insertRequests(
  { requests }: RequestsContext,
  creations: readonly Creation<RequestDocument>[],
): Promise<void> {
  if (creations.length > 0) await insertAggregates(requests, creations);
}

/** The ids of the orders with these customer_identifiers, those that there are. */
export async function findOrderIdsByName(
  { orders }: RequestsContext,
  tenantId: string,
  names: readonly string[],
): Promise<Map<string, string>> {
  if (names.length === 0) return new Map();
  const found = await findByCustomerIdentifiers(orders.collection, tenantId, [...new Set(names)])
    .project<Pick<OrderDocument, "_id" | "customer_identifier">>({ customer_identifier: 1 })
    .toArray();
  return new Map(found.map(({ _id, customer_identifier }) => [customer_identifier, _id]));
}

/** One request. Throws `REQUEST_NOT_FOUND`. */
export async function getStoredRequest(
  { requests }: RequestsContext,
  tenantId: string,
  id: string,
  kind?: RequestKind,
): Promise<RequestDocument> {
  const ofKind = kind === undefined ? {} : { kind };
  const found = await requests.collection.findOne({ _id: id, tenant_id: tenantId, ...ofKind });
  if (found === null) throw new DomainError("REQUEST_NOT_FOUND");
  return found;
}

/** The cancel requests with these ids. */
export function findCancelRequests(
  { requests }: RequestsContext,
  tenantId: string,
  ids: readonly string[],
): Promise<RequestDocument[]> {
  const named = { _id: { $in: [...ids] }, tenant_id: tenantId, kind: "cancel" } as const;
  return requests.collection.find(named, readOwnWrites(requests.client)).toArray();
}

/** The requests of an order that are not decided yet, the oldest first. */
export async function findPendingIds(
  { requests }: RequestsContext,
  tenantId: string,
  orderId: string,
): Promise<string[]> {
  const found = await requests.collection
    .find({ status: "pending", tenant_id: tenantId, order_id: orderId })
    .hint("pending")
    .sort({ created_at: 1, _id: 1 })
    .project<Pick<RequestDocument, "_id">>({ _id: 1 })
    .toArray();
  return found.map(({ _id }) => _id);
}

/** Requests made before that time (RFC 3339, UTC) and not decided yet, the oldest first, as they are asked for. */
export function oldPendingRequests(
  { requests }: RequestsContext,
  before: string,
  batchSize: number,
): FindCursor<RequestDocument> {
  return requests.collection
    .find({ status: "pending", created_at: { $lt: before } })
    .sort({ created_at: 1 })
    .batchSize(batchSize);
}

/**
 * Takes a step of deciding a request, in one transaction: the order with its events, and the request. Answers
 * the request as it then is; one that was decided before stays as it is. Throws `REQUEST_NOT_FOUND`,
 * `ORDER_NOT_FOUND`, and what the step throws: then nothing was written.
 */
export function takeStep(
  context: RequestsContext,
  { tenant_id, _id }: Pick<RequestDocument, "tenant_id" | "_id">,
  step: Step,
): Promise<RequestDocument> {
  const { orders, requests } = context;
  return inTransaction(orders.client, async (session) => {
    const request = await requests.collection.findOne({ _id, tenant_id }, { session });
    if (request === null) throw new DomainError("REQUEST_NOT_FOUND");
    if (request.status !== "pending") return request;
    const order = await orders.collection.findOne({ _id: request.order_id, tenant_id }, { session });
    if (order === null) throw new DomainError("ORDER_NOT_FOUND");
    return writeStep(context, fromStored(order), standing(request, order), step, session);
  });
}

/** Where the order stood when a step was first taken. */
function standing(request: RequestDocument, { status, version }: OrderDocument): RequestDocument {
  return {
    ...request,
    status_at_decision: request.status_at_decision ?? status,
    version_at_decision: request.version_at_decision ?? version,
  };
}

async function writeStep(
  { orders, requests }: RequestsContext,
  order: OrderDocument,
  request: RequestDocument,
  step: Step,
  session: ClientSession,
): Promise<RequestDocument> {
  const { _id, tenant_id, traceparent } = request;
  const refusal = step.refusal(order);
  const winner = await findEvent(orders, order, refusal?.lostTo ?? null, session);
  let after = request;
  const decide = (stamped: OrderDocument) => {
    const decided = decideStep(fromStored(stamped), request, step, refusal, winner);
    after = decided.request;
    return decided.order;
  };
  await changeAggregate(orders, { _id: order._id, tenant_id }, decide, traceparent, session);
  const keep = ({ version }: RequestDocument) => ({ state: { ...after, version }, events: [] });
  await changeAggregate(requests, { _id, tenant_id }, keep, traceparent, session);
  return after;
}

async function findEvent(
  { outbox }: OrdersContext["orders"],
  { _id, tenant_id }: OrderDocument,
  sequence: number | null,
  session: ClientSession,
): Promise<WinningEvent | null> {
  if (sequence === null) return null;
  const row = await outbox.findOne({ tenant_id, aggregate_id: _id, sequence }, { session });
  return row && { id: row._id, sequence: row.sequence, type: row.type };
}
