import type { CallbackHealth } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { ownOutcomes, type AttemptDocument } from "./attempt.ts";
import { pauseOf, type CallbackDocument } from "./callback.ts";
import type { CallbacksContext } from "./context.ts";

/** Attempts that the error rate is of. */
const SAMPLE = 100;

/** How a registration's receiver does. Two short reads, each of one index, whatever waits there. */
export async function healthOf(
  context: CallbacksContext,
  callback: CallbackDocument,
): Promise<CallbackHealth> {
  const [oldest, error_rate] = await Promise.all([
    oldestUndelivered(context, callback),
    errorRate(context, callback._id),
  ]);
  return { state: stateOf(callback, oldest), oldest_undelivered_at: oldest?.created_at ?? null, error_rate };
}

interface Undelivered {
  created_at: string;
  attempts_count: number;
}

function stateOf(callback: CallbackDocument, oldest: Undelivered | null): string {
  if (pauseOf(callback) !== null) return "paused";
  return oldest !== null && oldest.attempts_count > 0 ? "failing" : "healthy";
}

function oldestUndelivered(
  { deliveries }: CallbacksContext,
  { tenant_id, _id }: CallbackDocument,
): Promise<Undelivered | null> {
  return deliveries.findOne<Undelivered>(
    { tenant_id, callback_id: _id, status: "pending" },
    {
      hint: "by_callback",
      sort: { created_at: 1, _id: 1 },
      projection: { _id: 0, created_at: 1, attempts_count: 1 },
    },
  );
}

/** Attempts' ids begin with the registration's and the event's, which grows with time. */
async function errorRate({ attempts }: CallbacksContext, callbackId: string): Promise<number | null> {
  const newest = await attempts
    .find({ _id: { $gte: `${callbackId}/`, $lt: `${callbackId}0` } })
    .sort({ _id: -1 })
    .limit(SAMPLE)
    .project<Pick<AttemptDocument, "outcome">>({ _id: 0, outcome: 1 })
    .toArray();
  const told = newest.filter(({ outcome }) => !ownOutcomes.has(outcome));
  if (told.length === 0) return null;
  return told.filter(({ outcome }) => outcome !== "ok").length / told.length;
}
