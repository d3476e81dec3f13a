import { repeat } from "@waybill/process/repeat.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import type { GroupingsContext } from "./context.ts";
import { skuIdsOf, tellReleases, type GroupingsDocument } from "./grouping.ts";
import { releaseDatesOf } from "./skus.ts";
import { changeReleases, nextReleaseChecks } from "./store.ts";

const BATCH_MAX = 20;
const CALL_MS_MAX = 10_000;

/**
 * Tells release dates that passed or moved: looks every `intervalMs` for groupings whose check is due, until
 * disposed. Several instances may do it at once; what was told is part of the groupings, so nothing is told
 * twice.
 */
export function startReleaseWatch(context: GroupingsContext, intervalMs: number): AsyncDisposable {
  return repeat(context.log, "release_watch", intervalMs, () => checkOnce(context));
}

/** Looks at the next groupings that are due. Answers whether there may be more. */
async function checkOnce(context: GroupingsContext): Promise<boolean> {
  const due = await nextReleaseChecks(context, BATCH_MAX);
  for (const document of due) await check(context, document);
  return due.length === BATCH_MAX;
}

async function check(context: GroupingsContext, document: GroupingsDocument): Promise<void> {
  const caller = newCaller(document.tenant_id);
  const call = { ...caller, deadline: Date.now() + CALL_MS_MAX };
  await releaseDatesOf(context, skuIdsOf(document.groupings), call);
  await changeReleases(context, document, tellReleases, caller.traceparent);
}
