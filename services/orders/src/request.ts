import {
  newAggregate,
  type AggregateDocument,
  type Creation,
  type Decision,
} from "@waybill/events/aggregates.ts";
import type { NewEvent } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type {
  OrderCancelRequest,
  OrderRequestCommand,
  OrderUpdate,
  OrderUpdateRequest,
  WinningEvent,
} from "@waybill/proto/orders/v1/order_requests.ts";
import type { OrderDocument } from "./order.ts";

/** What a request asks for. */
export type RequestKind = "update" | "cancel";

/** An update or cancel request as it is stored. */
export interface RequestDocument extends AggregateDocument {
  kind: RequestKind;
  order_id: string;
  customer_identifier: string;
  status: "pending" | "success" | "failure";
  reason: string | null;
  code: ErrorCode | null;
  pointer: string | null;
  status_at_decision: string | null;
  version_at_decision: number | null;
  lost_to: WinningEvent | null;
  base_version: number | null;
  /** What an update makes of the order; null once it is decided, since the order has it then. */
  record: OrderUpdate | null;
  /** Of the call that made it: what is decided later belongs to its trace. */
  traceparent: string;
  created_at: string;
}

export const requestsCollection: CollectionDeclaration = {
  name: "order_requests",
  indexes: [
    { name: "newest", key: { tenant_id: 1, kind: 1, created_at: -1, _id: -1 } },
    { name: "by_status", key: { tenant_id: 1, kind: 1, status: 1, created_at: -1, _id: -1 } },
    { name: "by_order", key: { tenant_id: 1, kind: 1, customer_identifier: 1, created_at: -1, _id: -1 } },
    { name: "pending", key: { created_at: 1 }, partialFilterExpression: { status: "pending" } },
  ],
};

/** What a new request is made of. */
export interface NewRequest {
  id: string;
  kind: RequestKind;
  order: { id: string; customerIdentifier: string };
  record: OrderUpdate | null;
  traceparent: string;
}

/** The rule of asking: a pending request, and the command to decide it, in line with those of its order. */
export function createRequest(
  { id, kind, order, record, traceparent }: NewRequest,
  tenantId: string,
  now: string,
): Creation<RequestDocument> {
  const state: RequestDocument = {
    ...newAggregate(id, tenantId, now),
    kind,
    order_id: order.id,
    customer_identifier: order.customerIdentifier,
    status: "pending",
    reason: null,
    code: null,
    pointer: null,
    status_at_decision: null,
    version_at_decision: null,
    lost_to: null,
    base_version: record?.base_version ?? null,
    record,
    traceparent,
    created_at: now,
  };
  const data: OrderRequestCommand = { id, order_id: order.id };
  const type = `waybill.order_${kind}.requested.v1`;
  return { state, events: [{ topic: topics.orderRequests, type, key: order.id, data }], traceparent };
}

/** Why a request fails. */
export interface Refusal {
  code: ErrorCode;
  /** A sentence for the merchant. */
  reason: string;
  /** Where in the record; null if it lies with the order. */
  pointer: string | null;
  /** The sequence of the order's event that came first; null if none did. */
  lostTo: number | null;
}

/** A step of deciding a request, as pure rules about its order. */
export interface Step {
  /** What is against it, as the order stands. */
  refusal: (order: OrderDocument) => Refusal | null;
  /** What becomes of the order if nothing is. */
  apply: (order: OrderDocument) => Decision<OrderDocument>;
  /** Whether the request has succeeded then, or goes on. */
  succeeds: boolean;
}

/**
 * What a step makes of a pending request and its order. Whatever decides the request frees the order of its
 * lock and tells of it in the order's own sequence. `winner` is the event that `refusal` names.
 */
export function decideStep(
  order: OrderDocument,
  request: RequestDocument,
  { apply, succeeds }: Step,
  refusal: Refusal | null,
  winner: WinningEvent | null,
): { request: RequestDocument; order: Decision<OrderDocument> } {
  const applied = refusal === null ? apply(order) : { state: order, events: [] };
  if (refusal === null && !succeeds) return { request, order: applied };
  const decided: RequestDocument = {
    ...request,
    status: refusal === null ? "success" : "failure",
    reason: refusal?.reason ?? null,
    code: refusal?.code ?? null,
    pointer: refusal?.pointer ?? null,
    lost_to: winner,
    record: null,
    updated_at: order.updated_at,
  };
  const changing = applied.state.changing === request._id ? null : applied.state.changing;
  const events = [...applied.events, resolutionEvent(decided)];
  return { request: decided, order: { state: { ...applied.state, changing }, events } };
}

/** The event that tells what became of a request (001 Orders, "Update and Cancel Resolution"). */
function resolutionEvent(request: RequestDocument): NewEvent {
  return {
    topic: topics.orders,
    type: `waybill.order_${request.kind}.resolved.v1`,
    messageType: request.kind === "update" ? "orderUpdateResolution" : "orderCancelResolution",
    data: request.kind === "update" ? toUpdateRequest(request) : toCancelRequest(request),
  };
}

/** The message of a stored update request. */
export function toUpdateRequest(request: RequestDocument): OrderUpdateRequest {
  return { ...shared(request), pointer: request.pointer, base_version: request.base_version };
}

/** The message of a stored cancel request. */
export function toCancelRequest(request: RequestDocument): OrderCancelRequest {
  return shared(request);
}

function shared(request: RequestDocument) {
  return {
    id: request._id,
    customer_order_id: request.customer_identifier,
    customer_identifier: request.customer_identifier,
    order_id: request.order_id,
    status: request.status,
    reason: request.reason,
    status_at_decision: request.status_at_decision,
    lost_to: request.lost_to,
    created_at: request.created_at,
    updated_at: request.updated_at,
    code: request.code,
    version_at_decision: request.version_at_decision,
  };
}
