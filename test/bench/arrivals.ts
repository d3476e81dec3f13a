import { setTimeout as delay } from "node:timers/promises";

const SAMPLE_MS = 20;

/** How many messages a topic had when. */
export interface Sample {
  atMs: number;
  count: number;
}

/** Samples of a count from right before some work until it has ended. */
export async function samplesDuring(
  work: () => Promise<unknown>,
  count: () => Promise<number>,
): Promise<Sample[]> {
  const sample = async () => {
    const found = await count();
    return { atMs: performance.now(), count: found };
  };
  const samples = [await sample()];
  let isOver = false;
  const working = work().finally(() => (isOver = true));
  const sampling = async () => {
    for (; !isOver; await delay(SAMPLE_MS)) samples.push(await sample());
  };
  await Promise.all([working, sampling()]);
  return [...samples, await sample()];
}

/**
 * How many came per second, from the first sample that has some to the first that has all, without those of
 * the first; if all came at once, from the sample before. Throws if none came.
 */
export function arrivalRate(samples: readonly Sample[]): number {
  const first = samples.findIndex(({ count }) => count > samples[0]!.count);
  if (first < 0) throw new Error("nothing arrived");
  const last = samples.findIndex(({ count }) => count === samples.at(-1)!.count);
  const from = samples[first < last ? first : first - 1]!;
  const to = samples[last]!;
  return ((to.count - from.count) * 1_000) / (to.atMs - from.atMs);
}
