import { ApiError, ConnectionError, UnexpectedAnswerError } from "./errors.ts";

const FIRST_WAIT_MS = 250;
const WAIT_MS_MAX = 8_000;
/** Who asks for a longer wait than this is not waited for: the caller gets the error. */
const RETRY_AFTER_MS_MAX = 60_000;
// 502 and 504 come from proxies: the outcome is as unknown as after 503.
const passing = new Set([429, 502, 503, 504]);

/**
 * How long to wait before the request is sent again, in milliseconds; null if another attempt would not help.
 * `attempt` counts from 1; `random` is from 0 to 1. A `Retry-After` is kept to the letter.
 */
export function waitBeforeRetry(error: unknown, attempt: number, random: number): number | null {
  if (!mayPass(error)) return null;
  const asked = error instanceof ConnectionError ? null : error.retryAfterMs;
  if (asked !== null) return asked <= RETRY_AFTER_MS_MAX ? asked : null;
  const most = Math.min(WAIT_MS_MAX, FIRST_WAIT_MS * 2 ** (attempt - 1));
  // At least half of it, so that tries never come at once.
  return most / 2 + (most / 2) * random;
}

function mayPass(error: unknown): error is ConnectionError | ApiError | UnexpectedAnswerError {
  if (error instanceof ConnectionError) return true;
  if (error instanceof UnexpectedAnswerError) return passing.has(error.status);
  // The first attempt is still in work: a repeat gets its answer.
  return error instanceof ApiError && (passing.has(error.status) || error.code === "IDEMPOTENCY_KEY_IN_USE");
}

/** `Retry-After` in milliseconds: seconds or an HTTP date; null if it is missing or neither. */
export function retryAfterMs(header: string | null, nowMs: number): number | null {
  if (header === null) return null;
  if (/^\d+$/.test(header)) return Number(header) * 1_000;
  const at = Date.parse(header);
  return Number.isNaN(at) ? null : Math.max(0, at - nowMs);
}
