import type { Answer } from "./attempt.ts";

const DAY_MS = 24 * 3600 * 1000;
const RETRY_AFTER_MS_MIN = 1_000;
const RETRY_AFTER_MS_MAX = DAY_MS;
/** A receiver that asks to wait for longer than this in all is charged like any other that fails. */
const DEFERRED_MS_MAX = 7 * DAY_MS;
const DISABLING_STATUS = 410;
const deferringStatuses = new Set([423, 429, 503]);
/** What this side could not send is tried again after so long. */
const EGRESS_RETRY_MS = 15_000;
const JITTER = 0.2;
const RETRY_AFTER_JITTER = 0.1;

/** What an answer means for its delivery. */
export type Verdict =
  | { status: "delivered" }
  /** Another attempt in `waitMs`; it costs one of the schedule's if `charged`. */
  | { status: "pending"; waitMs: number; charged: boolean }
  /** The schedule has ended. */
  | { status: "failed" }
  /** The receiver is gone (410): its registration is disabled, and the delivery waits for it. */
  | { status: "parked" };

/** When and how often is tried. */
export interface RetryRule {
  /** The wait before each attempt; the first is 0. */
  scheduleMs: readonly number[];
  /** From 0 to 1. */
  random: () => number;
}

/**
 * The rule of the status codes. `charged` attempts were charged before this one, `ageMs` have
 * passed since the delivery was stored. A Retry-After with 423, 429 or 503 is obeyed and costs no attempt;
 * without it they are failures like any other. What this side failed at costs none either.
 */
export function judge(
  { outcome, statusCode, retryAfterMs }: Pick<Answer, "outcome" | "statusCode" | "retryAfterMs">,
  { charged, ageMs }: { charged: number; ageMs: number },
  { scheduleMs, random }: RetryRule,
): Verdict {
  if (outcome === "ok") return { status: "delivered" };
  if (statusCode === DISABLING_STATUS) return { status: "parked" };
  // It will go on as soon as this process has another one's place.
  if (outcome === "unknown") return { status: "pending", waitMs: 0, charged: false };
  if (outcome === "egress" && ageMs < DEFERRED_MS_MAX)
    return { status: "pending", waitMs: jittered(EGRESS_RETRY_MS, random), charged: false };
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
  return { status: "pending", waitMs: jittered(waitMs, random), charged: true };
}

function jittered(ms: number, random: () => number): number {
  return Math.round(ms * (1 - JITTER + 2 * JITTER * random()));
}

/** A Retry-After header (RFC 9110: seconds, or a date) as milliseconds from now; null if it is neither. */
export function parseRetryAfter(header: string | undefined, nowMs: number): number | null {
  if (header === undefined) return null;
  if (/^\d{1,10}$/.test(header.trim())) return Number(header) * 1_000;
  // Date.parse reads much that is no date of HTTP, such as "-5".
  const at = /^[A-Z][a-z]/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
