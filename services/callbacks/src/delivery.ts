import type { FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { CallbackDocument } from "./callback.ts";
import { laneId } from "./lane.ts";

/** How an attempt ended. `ok` is 2xx, `http` any other status, `broken` a connection that closed without an answer. */
export type Outcome = "ok" | "http" | "timeout" | "dns" | "connect" | "tls" | "blocked" | "broken";

/** What came back from one attempt. */
export interface Answer {
  outcome: Outcome;
  statusCode: number | null;
  /** As Retry-After asks. */
  retryAfterMs: number | null;
  durationMs: number;
  /** The beginning of the response's body. */
  responseStart: string | null;
}

/** One attempt, as it is kept. */
export interface Attempt {
  /** From 1. */
  number: number;
  /** RFC 3339, UTC. */
  at: string;
  outcome: Outcome;
  status_code: number | null;
  duration_ms: number;
  response_start: string | null;
}

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
  status: "pending" | "delivered" | "failed" | "parked";
  /** Why it is failed or parked. */
  reason: string | null;
  attempts_count: number;
  /** Attempts that count against the schedule. */
  attempts_charged: number;
  /** The last ones, at most ATTEMPTS_KEPT. */
  attempts: Attempt[];
  /** RFC 3339, UTC; null if none will be made. */
  next_attempt_at: string | null;
  created_at: string;
  /** Set when it is delivered or failed; what is pending or parked stays. */
  expires_at: Date | null;
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
  ],
};

/** Attempts that a delivery remembers. */
export const ATTEMPTS_KEPT = 20;
/** How long a delivery that has ended is kept. */
const KEPT_MS = 30 * 24 * 3600 * 1000;

const DAY_MS = 24 * 3600 * 1000;
const RETRY_AFTER_MS_MIN = 1_000;
const RETRY_AFTER_MS_MAX = DAY_MS;
/** A receiver that asks to wait for longer than this in all is charged like any other that fails. */
const DEFERRED_MS_MAX = 7 * DAY_MS;
const DISABLING_STATUS = 410;
const deferringStatuses = new Set([423, 429, 503]);
const JITTER = 0.2;
const RETRY_AFTER_JITTER = 0.1;

/** The delivery of an event to a registration; parked from the start if the registration is disabled. */
export function createDelivery(event: FreshEvent, callback: CallbackDocument, now: string): DeliveryDocument {
  const parked = callback.status === "disabled";
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
    status: parked ? "parked" : "pending",
    reason: parked ? "registration disabled" : null,
    attempts_count: 0,
    attempts_charged: 0,
    attempts: [],
    next_attempt_at: parked ? null : now,
    created_at: now,
    expires_at: null,
  };
}

/** The payload of 001 Orders, with the event's data spliced in byte for byte. */
export function deliveryBody(
  { id, data }: Pick<FreshEvent, "id" | "data">,
  { url, message_type, api_version }: Pick<CallbackDocument, "url" | "message_type" | "api_version">,
): string {
  const head = JSON.stringify({ callback_url: url, message_type, message_id: id }).slice(0, -1);
  return `${head},"data":[${data}],"api_version":${JSON.stringify(api_version)}}`;
}

/** What an answer means for its delivery. */
export type Verdict =
  | { status: "delivered" }
  /** Another attempt in `waitMs`; it costs one of the schedule's if `charged`. */
  | { status: "pending"; waitMs: number; charged: boolean }
  /** The schedule has ended. */
  | { status: "failed" }
  /** The receiver is gone (410): its registration is disabled. */
  | { status: "parked" };

/** When and how often is tried. */
export interface RetryRule {
  /** The wait before each attempt; the first is 0. */
  scheduleMs: readonly number[];
  /** From 0 to 1. */
  random: () => number;
}

/**
 * The rule of the status codes (design 7.32). `charged` attempts were charged before this one, `ageMs` have
 * passed since the delivery was stored. A Retry-After with 423, 429 or 503 is obeyed and costs no attempt;
 * without it they are failures like any other.
 */
export function judge(
  { outcome, statusCode, retryAfterMs }: Pick<Answer, "outcome" | "statusCode" | "retryAfterMs">,
  { charged, ageMs }: { charged: number; ageMs: number },
  { scheduleMs, random }: RetryRule,
): Verdict {
  if (outcome === "ok") return { status: "delivered" };
  if (statusCode === DISABLING_STATUS) return { status: "parked" };
  if (deferringStatuses.has(statusCode ?? 0) && retryAfterMs !== null && ageMs < DEFERRED_MS_MAX) {
    const waitMs = Math.min(Math.max(retryAfterMs, RETRY_AFTER_MS_MIN), RETRY_AFTER_MS_MAX);
    return {
      status: "pending",
      waitMs: Math.round(waitMs * (1 + RETRY_AFTER_JITTER * random())),
      charged: false,
    };
  }
  const waitMs = scheduleMs[charged + 1];
  if (waitMs === undefined) return { status: "failed" };
  return {
    status: "pending",
    waitMs: Math.round(waitMs * (1 - JITTER + 2 * JITTER * random())),
    charged: true,
  };
}

/** A Retry-After header (RFC 9110: seconds, or a date) as milliseconds from now; null if it is neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,10}$/.test(header.trim())) return Number(header) * 1_000;
  // Date.parse reads much that is no date of HTTP, such as "-5".
  const at = /^[A-Z][a-z]/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}

/** The fields of a delivery that an attempt changes. */
export type DeliveryChange = Pick<
  DeliveryDocument,
  "status" | "reason" | "attempts_count" | "attempts_charged" | "attempts" | "next_attempt_at" | "expires_at"
>;

/** A delivery after an attempt that began at `startedMs` and was judged at `nowMs`. */
export function afterAttempt(
  delivery: DeliveryDocument,
  answer: Answer,
  verdict: Verdict,
  startedMs: number,
  nowMs: number,
): DeliveryChange {
  const number = delivery.attempts_count + 1;
  const waiting = verdict.status === "pending";
  return {
    status: verdict.status,
    reason: endReasons[verdict.status],
    attempts_count: number,
    attempts_charged: delivery.attempts_charged + (waiting && !verdict.charged ? 0 : 1),
    attempts: [...delivery.attempts, toAttempt(number, answer, startedMs)].slice(-ATTEMPTS_KEPT),
    next_attempt_at: waiting ? new Date(nowMs + verdict.waitMs).toISOString() : null,
    expires_at: expiryOf(verdict.status, nowMs),
  };
}

const endReasons = {
  pending: null,
  delivered: null,
  failed: "no attempts left",
  parked: "registration disabled",
} as const;

/** When a delivery of this status is removed; null: never. */
export function expiryOf(status: DeliveryDocument["status"], nowMs: number): Date | null {
  return status === "delivered" || status === "failed" ? new Date(nowMs + KEPT_MS) : null;
}

function toAttempt(number: number, answer: Answer, startedMs: number): Attempt {
  return {
    number,
    at: new Date(startedMs).toISOString(),
    outcome: answer.outcome,
    status_code: answer.statusCode,
    duration_ms: answer.durationMs,
    response_start: answer.responseStart,
  };
}
