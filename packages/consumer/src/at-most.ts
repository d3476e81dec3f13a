import { setTimeout as delay } from "node:timers/promises";

/** Waits for some work, but not longer than so many milliseconds; rejects only if the work does, in time. */
export async function atMost(ms: number, work: Promise<void> | null): Promise<void> {
  const over = new AbortController();
  try {
    await Promise.race([work, delay(ms, undefined, { signal: over.signal }).catch(() => undefined)]);
  } finally {
    over.abort();
  }
}
