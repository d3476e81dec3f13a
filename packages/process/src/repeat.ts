import { setTimeout as delay } from "node:timers/promises";
import { errorFacts, type Logger } from "./log.ts";

/** Work that goes on until it is disposed; disposing waits for what is under way. */
interface Repetition extends AsyncDisposable {
  /** Has the work done once more without waiting for its time, after what is under way. */
  soon: () => void;
}

/**
 * Does `work` now and every `intervalMs`; at once again when it answers that there is more. Where it fails
 * `<name>.interrupted` is logged, and its next time comes as usual. `signal` aborts when it is disposed.
 */
export function repeat(
  log: Pick<Logger, "warn">,
  name: string,
  intervalMs: number,
  work: (signal: AbortSignal) => Promise<boolean | void>,
): Repetition {
  const stopping = new AbortController();
  let pause = new AbortController();
  const ended = goOn(stopping.signal, async (signal) => {
    // Before the work: what is asked for meanwhile must not be missed.
    pause = new AbortController();
    try {
      if (await work(signal)) return;
    } catch (error) {
      if (!signal.aborted) log.warn(errorFacts(error), `${name}.interrupted`);
    }
    await delay(intervalMs, undefined, { signal: AbortSignal.any([signal, pause.signal]) }).catch(
      () => undefined,
    );
  });
  return {
    soon: () => pause.abort(),
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await ended;
    },
  };
}

async function goOn(signal: AbortSignal, round: (signal: AbortSignal) => Promise<void>): Promise<void> {
  while (!signal.aborted) await round(signal);
}
