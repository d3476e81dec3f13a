import { setTimeout as delay } from "node:timers/promises";
import { describe, expect, it, test } from "vitest";
import { arrivalRate, samplesDuring } from "./arrivals.ts";
import { byRounds, compareAll, isKept, ratioOf, spreadOf, type Row } from "./bench.ts";
import { openLoop, percentile } from "./load.ts";
import { tableOf } from "./results.ts";

const row = (waybill: number[], more: Partial<Row> = {}): Row => ({
  what: "w",
  unit: "ms",
  waybill,
  ...more,
});
const beside = (values: number[]) => ({ peer: { name: "p", values } });

test("a spread is the smallest, the middle and the largest; of an even number the lower middle", () => {
  expect(spreadOf([3, 1, 2])).toEqual({ min: 1, median: 2, max: 3 });
  expect(spreadOf([4, 1, 3, 2])).toEqual({ min: 1, median: 2, max: 4 });
});

test("a ratio is taken round by round, not of the medians", () => {
  expect(ratioOf(row([10, 20, 90], beside([10, 40, 30])))).toEqual({ min: 0.5, median: 1, max: 3 });
  expect(ratioOf(row([10]))).toBeNull();
});

describe("a goal", () => {
  it.each([
    [row([10, 11, 99], { goal: { max: 11 } }), true],
    [row([10, 12, 12], { goal: { max: 11 } }), false],
    [row([30], { ...beside([100]), goal: { min: 0.3 } }), true],
    [row([29], { ...beside([100]), goal: { min: 0.3 } }), false],
    [row([29]), null],
  ])("is kept by the median of the ratio or, without a peer, of the number", (measured, kept) => {
    expect(isKept(measured)).toBe(kept);
  });

  it("that is missed shows in the table", () => {
    const table = tableOf([row([12], { goal: { max: 11 } }), row([10], { goal: { max: 11 } })]);
    expect(table.match(/MISSED|kept/g)).toEqual(["MISSED", "kept"]);
  });
});

test("a percentile of sorted numbers is the first that this share stays below", () => {
  const numbers = Array.from({ length: 100 }, (_, index) => index);
  expect([percentile(numbers, 0.5), percentile(numbers, 0.99), percentile([7], 0.99)]).toEqual([50, 99, 7]);
});

test("every side is measured once in each round, turn by turn", async () => {
  const order: string[] = [];
  const side = (name: string) => async () => order.push(name);
  const values = await byRounds({ rounds: 2, report: () => undefined }, { a: side("a"), b: side("b") });
  expect(order).toEqual(["a", "b", "a", "b"]);
  expect(values).toEqual({ a: [1, 3], b: [2, 4] });
});

test("two sides are compared by the medians of their turns, and recorded as one row", async () => {
  const rows: Row[] = [];
  const context = { report: () => undefined, record: (recorded: Row) => void rows.push(recorded) };
  const comparison = {
    what: "slow",
    baseline: () => delay(1),
    candidate: () => delay(20),
    goal: { max: 1.5 },
  };
  await compareAll([comparison], { turns: 3, baselineName: "quick" }, context);
  expect(rows).toHaveLength(1);
  expect(ratioOf(rows[0]!)!.median).toBeGreaterThan(1.5);
  expect(isKept(rows[0]!)).toBe(false);
});

test("in an open loop work that waits for its turn counts as slow", async () => {
  let free = Promise.resolve();
  // One at a time, 20 ms each, while one is due every 5 ms.
  const work = () => (free = free.then(() => delay(20)).then(() => undefined));
  const { latencies } = await openLoop(200, 50, work);
  expect(latencies).toHaveLength(10);
  expect(latencies.at(-1)!).toBeGreaterThan(100);
});

describe("the rate of arrivals", () => {
  const at = (atMs: number, count: number) => ({ atMs, count });

  it.each([
    {
      rule: "does not count the wait before the first and after the last",
      samples: [at(0, 7), at(900, 7), at(1_000, 9), at(2_000, 109), at(9_000, 109)],
    },
    {
      rule: "counts since the sample before, if all came at once",
      samples: [at(0, 7), at(1_000, 7), at(2_000, 107), at(2_500, 107)],
    },
  ])("$rule", ({ samples }) => {
    expect(arrivalRate(samples)).toBe(100);
  });

  it("is none if nothing arrived", () => {
    expect(() => arrivalRate([at(0, 7), at(1_000, 7)])).toThrow("nothing arrived");
  });

  it("is taken from samples that begin before the work and end after it", async () => {
    let count = 0;
    const work = async () => {
      for (const more of [1, 2, 3]) {
        await delay(30);
        count += more;
      }
    };
    const counts = (await samplesDuring(work, () => Promise.resolve(count))).map((sample) => sample.count);
    expect([counts[0], counts.at(-1)]).toEqual([0, 6]);
    expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  });
});
