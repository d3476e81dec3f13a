import { setTimeout as delay } from "node:timers/promises";

const POLL_MS = 20;
const WAIT_MS_MAX = 120_000;

/** Asks until it is so; rejects after two minutes with what was waited for. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + WAIT_MS_MAX; !(await isSo()); await delay(POLL_MS))
    if (performance.now() > endMs) throw new Error(`two minutes have passed before ${what}`);
}
