/** What a bench runs against, and how long it measures. */
export interface BenchContext {
  mongodbUrl: string;
  kafkaBrokers: string;
  /** Takes one line for people, while it runs. */
  report: (line: string) => void;
  /** How often each number is taken. */
  rounds: number;
  /** How long one side of one round is measured, in milliseconds. */
  phaseMs: number;
  /** Among how many orders `lists` lists. */
  ordersMax: number;
  /** Takes one line of the results. */
  record: (row: Row) => void;
}

/** Measures and records. */
export type Bench = (context: BenchContext) => Promise<void>;

/** One line of the results: what was measured, in each round, and beside what. */
export interface Row {
  what: string;
  unit: "/s" | "ms" | "s" | "MB" | "µs";
  /** By round. */
  waybill: readonly number[];
  /** The same work by a peer, in the same rounds; none: the number stands alone. */
  peer?: { name: string; values: readonly number[] };
  /** What is wanted of the ratio of Waybill to the peer or, without a peer, of the number. */
  goal?: Goal;
}

/** The bound that the median has to keep. */
type Goal = { min: number } | { max: number };

/** The middle of some numbers, and how far they lie apart. */
export interface Spread {
  min: number;
  median: number;
  max: number;
}

/** The smallest, the middle and the largest. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return { min: sorted[0]!, median: sorted[Math.floor((sorted.length - 1) / 2)]!, max: sorted.at(-1)! };
}

/** The ratio of Waybill to the peer, round by round; null without a peer. */
export function ratioOf({ waybill, peer }: Row): Spread | null {
  return peer ? spreadOf(waybill.map((value, round) => value / peer.values[round]!)) : null;
}

/** Whether a row is what is wanted; null if nothing is. */
export function isKept(row: Row): boolean | null {
  if (!row.goal) return null;
  const { median } = ratioOf(row) ?? spreadOf(row.waybill);
  return "min" in row.goal ? median >= row.goal.min : median <= row.goal.max;
}

/**
 * The numbers of each side of a comparison by its name. In each round every side is measured once, so that
 * what disturbs the machine disturbs all.
 */
export async function byRounds<Name extends string>(
  { rounds, report }: Pick<BenchContext, "rounds" | "report">,
  sides: Readonly<Record<Name, () => Promise<number>>>,
): Promise<Record<Name, number[]>> {
  const names = Object.keys(sides) as Name[];
  const values = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<Name, number[]>;
  for (let round = 1; round <= rounds; round += 1) {
    for (const name of names) {
      const value = await sides[name]();
      values[name].push(value);
      report(`  round ${round} of ${rounds}: ${name} ${value.toFixed(value < 10 ? 2 : 0)}`);
    }
  }
  return values;
}

/** Two sides of one comparison, and what is wanted of their ratio. */
export interface Comparison {
  what: string;
  baseline: () => Promise<unknown>;
  candidate: () => Promise<unknown>;
  goal?: Goal;
}

/**
 * Compares the two sides of each by their medians over so many `turns`, taken turn by turn, so that what
 * disturbs the machine disturbs both. Records each beside what the baseline is called.
 */
export async function compareAll(
  comparisons: readonly Comparison[],
  { turns, baselineName }: { turns: number; baselineName: string },
  { record, report }: Pick<BenchContext, "record" | "report">,
): Promise<void> {
  for (const { what, baseline, candidate, goal } of comparisons) {
    const [before, after] = await medians([baseline, candidate], turns);
    report(`  ${what}: ${before!.toFixed(2)} ms → ${after!.toFixed(2)} ms`);
    const peer = { name: baselineName, values: [before!] };
    record({ what, unit: "ms", waybill: [after!], peer, ...(goal ? { goal } : {}) });
  }
}

/** The median of each, in milliseconds, after a tenth of the turns to warm up. */
async function medians(works: readonly (() => Promise<unknown>)[], turns: number): Promise<number[]> {
  const times: number[][] = works.map(() => []);
  for (let turn = -Math.ceil(turns / 10); turn < turns; turn += 1) {
    for (const [index, work] of works.entries()) {
      const started = performance.now();
      await work();
      if (turn >= 0) times[index]!.push(performance.now() - started);
    }
  }
  return times.map((list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)]!);
}
