import type { FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { attemptId, unknownAnswer, type Answer, type AttemptDocument } from "./attempt.ts";
import type { CallbackDocument } from "./callback.ts";
import { laneId } from "./lane.ts";
import type { Verdict } from "./verdict.ts";
import { webhookData } from "./webhook-data.ts";

/** One event for one registration. */
export interface DeliveryDocument {
  /** `<callback_id>/<message_id>`: the same event again is the same delivery. */
  _id: string;
  tenant_id: string;
  callback_id: string;
  lane_id: string;
  order_id: string;
  /** The event's id: the same for all registrations. */
  message_id: string;
  message_type: string;
  sequence: number;
  /** The sequence of the order's previous event of this message type; 0 if there is none. */
  previous_sequence: number;
  traceparent: string;
  /** The exact text that every attempt sends and signs. */
  body: string;
  /**
   * `pending` until an attempt succeeds or the schedule ends. Its view is `parked` while its registration is
   * paused (`pauseOf`): what is parked keeps its place, so nothing is rewritten when that ends.
   */
  status: "pending" | "delivered" | "failed";
  /** Why it has failed; null if it has not. */
  reason: string | null;
  /** Whether it is sent again on request: the header `waybill-replay`. */
  replay: boolean;
  attempts_count: number;
  /** Attempts that count against the schedule. */
  attempts_charged: number;
  /** RFC 3339, UTC; null if none will be made. */
  next_attempt_at: string | null;
  created_at: string;
  /** Set when it is delivered or failed; what is pending stays. */
  expires_at: Date | null;
  /** Its events so far (`delivery-event.ts`), and the time of the last: RFC 3339, UTC. */
  told_count: number;
  told_at: string | null;
}

export const deliveriesCollection: CollectionDeclaration = {
  name: "deliveries",
  indexes: [
    {
      name: "pending",
      key: { lane_id: 1, sequence: 1 },
      partialFilterExpression: { status: "pending" },
    },
    { name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 },
    // Of the lists (`delivery-list.ts`).
    { name: "by_order", key: { tenant_id: 1, order_id: 1, created_at: 1, _id: 1 } },
    { name: "by_callback", key: { tenant_id: 1, callback_id: 1, status: 1, created_at: 1, _id: 1 } },
    { name: "by_type", key: { tenant_id: 1, message_type: 1, status: 1, created_at: 1, _id: 1 } },
  ],
};

/** The message type of a test event, whatever its registration's is. */
export const TEST_TYPE = "test";
/** The order of what is of no order: RFC 9562's nil UUID. */
const NO_ORDER = "00000000-0000-0000-0000-000000000000";

/** What a delivery can tell. */
export const MESSAGE_TYPES: string[] = [
  "orderEvent",
  "orderUpdateResolution",
  "orderCancelResolution",
  TEST_TYPE,
];

/** How long a delivery that has ended is kept, every attempt, and every replay. */
const KEPT_MS = 30 * 24 * 3600 * 1000;
const HOUR_MS = 3600 * 1000;

/** When what ends or is asked for now is removed: whole hours, so that deliveries that end together change alike. */
export function keptUntil(nowMs: number): Date {
  return new Date(Math.ceil((nowMs + KEPT_MS) / HOUR_MS) * HOUR_MS);
}

/** What a delivery has of its event. */
type SourceEvent = Pick<
  FreshEvent,
  "id" | "tenantId" | "aggregateId" | "sequence" | "previousOfType" | "traceparent" | "data"
>;

/** The delivery of an event to a registration. */
export function createDelivery(
  event: SourceEvent,
  callback: CallbackDocument,
  now: string,
): DeliveryDocument {
  return {
    _id: `${callback._id}/${event.id}`,
    tenant_id: event.tenantId,
    callback_id: callback._id,
    lane_id: laneId(callback._id, event.aggregateId),
    order_id: event.aggregateId,
    message_id: event.id,
    message_type: callback.message_type,
    sequence: event.sequence,
    previous_sequence: event.previousOfType,
    traceparent: event.traceparent,
    body: deliveryBody(event, callback),
    status: "pending",
    reason: null,
    replay: false,
    attempts_count: 0,
    attempts_charged: 0,
    next_attempt_at: now,
    created_at: now,
    expires_at: null,
    told_count: 0,
    told_at: null,
  };
}

/** A test event for a registration: of no order, so that it waits for nothing. */
export function createTestDelivery(
  { id, traceparent }: Pick<FreshEvent, "id" | "traceparent">,
  callback: CallbackDocument,
  now: string,
): DeliveryDocument {
  const event = {
    id,
    traceparent,
    tenantId: callback.tenant_id,
    aggregateId: NO_ORDER,
    sequence: 0,
    previousOfType: 0,
    data: JSON.stringify({ callback_id: callback._id, sent_at: now }),
  };
  const delivery = createDelivery(event, { ...callback, message_type: TEST_TYPE }, now);
  return { ...delivery, lane_id: laneId(callback._id, id) };
}

/** The payload of 001 Orders, with the event's data spliced in (`webhookData`). */
export function deliveryBody(
  { id, data }: Pick<FreshEvent, "id" | "data">,
  { url, message_type, api_version }: Pick<CallbackDocument, "url" | "message_type" | "api_version">,
): string {
  const head = JSON.stringify({ callback_url: url, message_type, message_id: id }).slice(0, -1);
  return `${head},"data":[${webhookData(message_type, data)}],"api_version":${JSON.stringify(api_version)}}`;
}

/** The fields of a delivery that an attempt changes. */
export type DeliveryChange = Pick<
  DeliveryDocument,
  "status" | "reason" | "attempts_count" | "attempts_charged" | "next_attempt_at" | "expires_at"
>;

/** A delivery after an attempt that was judged at `nowMs`. */
export function afterAttempt(delivery: DeliveryDocument, verdict: Verdict, nowMs: number): DeliveryChange {
  const status = verdict.status === "parked" ? "pending" : verdict.status;
  const waitMs = verdict.status === "pending" ? verdict.waitMs : 0;
  const free = verdict.status === "parked" || (verdict.status === "pending" && !verdict.charged);
  return {
    status,
    reason: status === "failed" ? "no attempts left" : null,
    attempts_count: delivery.attempts_count + 1,
    attempts_charged: delivery.attempts_charged + (free ? 0 : 1),
    next_attempt_at: status === "pending" ? new Date(nowMs + waitMs).toISOString() : null,
    expires_at: status === "pending" ? null : keptUntil(nowMs),
  };
}

/** The attempt itself, which began at `startedMs`. */
export function toAttempt(
  delivery: DeliveryDocument,
  answer: Answer,
  change: DeliveryChange,
  startedMs: number,
): AttemptDocument {
  const number = change.attempts_count;
  return {
    _id: attemptId(delivery._id, number),
    tenant_id: delivery.tenant_id,
    delivery_id: delivery._id,
    number,
    at: new Date(startedMs).toISOString(),
    outcome: answer.outcome,
    status_code: answer.statusCode,
    duration_ms: answer.durationMs,
    phases: answer.phases,
    response_start: answer.responseStart,
    next_attempt_at: change.next_attempt_at,
    expires_at: new Date(startedMs + KEPT_MS),
  };
}

/** The attempt that whoever held a delivery's lane since `heldSinceMs` may have made, and nobody saw the end of. */
export function unknownAttempt(delivery: DeliveryDocument, heldSinceMs: number, nowMs: number) {
  const verdict = { status: "pending", waitMs: 0, charged: false } as const;
  const change = afterAttempt(delivery, verdict, nowMs);
  const answer = unknownAnswer(Math.max(0, nowMs - heldSinceMs));
  return { delivery, change, attempt: toAttempt(delivery, answer, change, heldSinceMs), told: null };
}
