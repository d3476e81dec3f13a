import { ownOutcomes, type Answer } from "../../attempt.ts";

/**
 * What an attempt teaches about its receiver. `good`: it took it. `alive`: it answered, and what it said is
 * about this message. `bad`: it is down or overloaded. `throttled`: it asks for a pause.
 */
export type Lesson =
  | { kind: "good"; durationMs: number }
  | { kind: "alive" }
  | { kind: "bad" }
  | { kind: "throttled"; waitMs: number };

/** Statuses that speak of the receiver as a whole, besides all above 499. */
const badStatuses = new Set([408, 429]);
const throttlingStatuses = new Set([429, 503]);

/** The lesson of an answer; null if it says nothing about the receiver. */
export function lessonOf({ outcome, statusCode, retryAfterMs, durationMs }: Answer): Lesson | null {
  if (ownOutcomes.has(outcome)) return null;
  if (outcome === "ok") return { kind: "good", durationMs };
  if (statusCode === null) return { kind: "bad" };
  if (throttlingStatuses.has(statusCode) && retryAfterMs !== null)
    return { kind: "throttled", waitMs: retryAfterMs };
  return statusCode >= 500 || badStatuses.has(statusCode) ? { kind: "bad" } : { kind: "alive" };
}
