import { errorFacts } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import type { GroupingsContext } from "./context.ts";
import { findStuckGroups } from "./order-group-store.ts";
import { carryOut } from "./replacement.ts";

/** Longer than a request can be at it. */
const STUCK_MS = 30_000;
/** Few, so that the cursor is asked again before the database closes it, however long a call takes. */
const BATCH_GROUPS = 20;
const CALL_MS_MAX = 10_000;

/** Carries out what a crash left in the middle, every `intervalMs`, until disposed. */
export function startGroupSweeper(context: GroupingsContext, intervalMs: number): AsyncDisposable {
  return repeat(context.log, "order_groups", intervalMs, (signal) =>
    sweepGroups(context, new Date(Date.now() - STUCK_MS), signal),
  );
}

/** Carries out the replacements that have been under way since before that time; one that fails leaves the others to be. */
async function sweepGroups(context: GroupingsContext, before: Date, signal: AbortSignal): Promise<void> {
  for await (const document of findStuckGroups(context, before, BATCH_GROUPS)) {
    if (signal.aborted) return;
    const call = { ...newCaller(document.tenant_id), deadline: Date.now() + CALL_MS_MAX };
    await carryOut(context, document, call).catch((error: unknown) =>
      context.log.warn({ tenant_id: document.tenant_id, ...errorFacts(error) }, "order_groups.not_resumed"),
    );
  }
}
