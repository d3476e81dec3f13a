import type { Logger } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import type { CallbacksContext } from "./context.ts";
import { claimReplay, sendBatch } from "./replay-store.ts";

/** How often an instance looks for a replay that nobody works on. */
const SWEEP_MS = 2_000;

/** Works on replays, one at a time, until disposed; another instance then goes on. */
export function startReplayer(context: CallbacksContext, log: Logger): AsyncDisposable {
  return repeat(log, "replay", SWEEP_MS, (signal) => replayAll(context, log, signal));
}

async function replayAll(context: CallbacksContext, log: Logger, signal: AbortSignal): Promise<void> {
  for (;;) {
    let replay = signal.aborted ? null : await claimReplay(context);
    if (replay === null) return;
    while (replay?.status === "running" && !signal.aborted) {
      const { tenant_id, _id } = replay;
      replay = await sendBatch(context, replay);
      log.info({ tenant_id, replay_id: _id, replayed: replay?.replayed ?? null }, "replay.batch_sent");
    }
  }
}
