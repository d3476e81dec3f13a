import { isDown } from "@waybill/mongo/failures.ts";
import { errorFacts } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import { decideRequest, type DecidingContext } from "./decide-request.ts";
import { oldPendingRequests } from "./request-store.ts";

/**
 * A command decides its request within milliseconds. What is still pending after this time has lost it: to a
 * topic that lost its data, or to the dead letters. Not shorter, since those that wait for Kafka are not lost.
 */
const PENDING_MS_MAX = 5 * 60_000;
const SWEEP_MS = 60_000;
/** Few, so that the cursor is asked again before the database closes it, however long a decision takes. */
const BATCH_REQUESTS = 20;

/** Decides what no command decided, the oldest first, until disposed. */
export function startRequestSweeper(context: DecidingContext): AsyncDisposable {
  return repeat(context.log, "request_sweep", SWEEP_MS, (signal) =>
    decideOldRequests(context, new Date(Date.now() - PENDING_MS_MAX).toISOString(), signal),
  );
}

/**
 * Decides the requests that were made before that time (RFC 3339, UTC) and are pending still. One that cannot
 * be decided leaves the others to be. Rejects when a dependency is down.
 */
export async function decideOldRequests(
  context: DecidingContext,
  before: string,
  signal: AbortSignal,
): Promise<void> {
  for await (const { tenant_id, _id: id } of oldPendingRequests(context, before, BATCH_REQUESTS)) {
    if (signal.aborted) return;
    try {
      if (await decideRequest(context, tenant_id, id))
        context.log.info({ tenant_id, id }, "request_sweep.decided");
    } catch (error) {
      if (isDown(error)) throw error;
      context.log.error({ tenant_id, id, ...errorFacts(error) }, "request_sweep.undecided");
    }
  }
}
