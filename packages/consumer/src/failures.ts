import { PositionMoved } from "./positions.ts";

/** What is known when a call of `handle` has failed. */
interface FailedCall {
  error: unknown;
  /** Events of the call. */
  events: number;
  /** Calls for these events that failed, this one included, those that waited for a dependency not. */
  attempts: number;
}

/** What bounds the answer. */
interface FailureRules {
  unavailable: (error: unknown) => unknown;
  attempts: number;
}

/**
 * What happens after a failed call. `wait`: a dependency is down, the same events come again for as long as
 * it takes. `retry`: again. `split`: each event alone, in order. `dead_letter`: the event is given up.
 */
type Verdict = "wait" | "retry" | "split" | "dead_letter";

/** The one place that decides it. */
export function judge({ error, events, attempts }: FailedCall, rules: FailureRules): Verdict {
  // That another member was faster says nothing against the events.
  if (error instanceof PositionMoved || isUnavailable(error, rules)) return "wait";
  if (attempts < rules.attempts) return "retry";
  return events > 1 ? "split" : "dead_letter";
}

function isUnavailable(error: unknown, { unavailable }: FailureRules): boolean {
  const answer = unavailable(error);
  return answer !== false && answer !== null && answer !== undefined;
}
