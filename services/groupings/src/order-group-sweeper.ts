import { errorFacts } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import type { GroupingsContext } from "./context.ts";
import { findStuckGroups } from "./order-group-store.ts";
import { carryOut } from "./replacement.ts";

/** Longer than a request can be at it. */
const STUCK_MS = 30_000;
const BATCH_MAX = 20;
const CALL_MS_MAX = 10_000;

/** Carries out what a crash left in the middle, every `intervalMs`, until disposed. */
export function startGroupSweeper(context: GroupingsContext, intervalMs: number): AsyncDisposable {
  return repeat(context.log, "order_groups", intervalMs, () =>
    sweepGroups(context, new Date(Date.now() - STUCK_MS)),
  );
}

/** Carries out the replacements that have been under way since before that time. */
async function sweepGroups(context: GroupingsContext, before: Date): Promise<void> {
  for (const document of await findStuckGroups(context, before, BATCH_MAX)) {
    const call = { ...newCaller(document.tenant_id), deadline: Date.now() + CALL_MS_MAX };
    await carryOut(context, document, call).catch((error: unknown) =>
      context.log.warn({ tenant_id: document.tenant_id, ...errorFacts(error) }, "order_groups.not_resumed"),
    );
  }
}
