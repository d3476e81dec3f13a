import { setTimeout as delay } from "node:timers/promises";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { CallbacksContext } from "./context.ts";
import { claimReplay, sendBatch } from "./replay-store.ts";

/** How often an instance looks for a replay that nobody works on. */
const SWEEP_MS = 2_000;

/** Works on replays, one at a time, until disposed; another instance then goes on. */
export function startReplayer(context: CallbacksContext, log: Logger): AsyncDisposable {
  const stopping = new AbortController();
  const ended = replayForEver(context, log, stopping.signal);
  return {
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

async function replayForEver(context: CallbacksContext, log: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await replayAll(context, log, signal).catch((error: unknown) =>
      log.warn(errorFacts(error), "replay.interrupted"),
    );
    await delay(SWEEP_MS, undefined, { signal }).catch(() => undefined);
  }
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
