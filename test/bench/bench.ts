/** What a bench runs against. */
export interface BenchContext {
  mongodbUrl: string;
  kafkaBrokers: string;
  /** Takes one line for people. */
  report: (line: string) => void;
}

/** Measures, reports, and answers whether its bounds were kept. */
export type Bench = (context: BenchContext) => Promise<boolean>;

/** Two sides of one comparison. */
export interface Comparison {
  name: string;
  baseline: () => Promise<unknown>;
  candidate: () => Promise<unknown>;
}

/**
 * Compares the two sides of each by their medians, taken turn by turn, so that what disturbs the machine
 * disturbs both. Reports each ratio, and answers whether all are at most `ratioMax`.
 */
export async function compareAll(
  comparisons: readonly Comparison[],
  { rounds, ratioMax, report }: { rounds: number; ratioMax: number; report: BenchContext["report"] },
): Promise<boolean> {
  let kept = true;
  for (const { name, baseline, candidate } of comparisons) {
    const [before, after] = await medians([baseline, candidate], rounds);
    const ratio = after! / before!;
    kept &&= ratio <= ratioMax;
    const times = `${before!.toFixed(2)} ms → ${after!.toFixed(2)} ms`;
    report(`${name.padEnd(36)} ${times.padEnd(26)} × ${ratio.toFixed(2)} (at most ${ratioMax})`);
  }
  return kept;
}

/** The median of each, in milliseconds, after a tenth of the rounds to warm up. */
async function medians(works: readonly (() => Promise<unknown>)[], rounds: number): Promise<number[]> {
  const times: number[][] = works.map(() => []);
  for (let round = -Math.ceil(rounds / 10); round < rounds; round += 1) {
    for (const [index, work] of works.entries()) {
      const started = performance.now();
      await work();
      if (round >= 0) times[index]!.push(performance.now() - started);
    }
  }
  return times.map((list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!);
}
