import { describe, expect, it } from "vitest";
import { VirtualTime } from "../../../test/virtual-time.ts";
import { Ahead, AHEAD_MS, type AheadBudget } from "./ahead.ts";
import type { PlacedWork } from "./lane-work.ts";

type Work = PlacedWork<null>;

function worksOf(count: number, bodyLength = 1_000): Work[] {
  return Array.from({ length: count }, (_, index) => {
    const heads = [{ body: "x".repeat(bodyLength) }];
    return { lane: { _id: `${index}`, heads } } as Work;
  });
}

/** What a claim of one registration holds ahead, on virtual time. */
function startBench(budget: AheadBudget = { lanes: 1_000 }) {
  const time = new VirtualTime();
  const givenBack: { atMs: number; count: number }[] = [];
  const ahead = new Ahead<null>(time.clock, budget, ({ length }) =>
    givenBack.push({ atMs: time.nowMs, count: length }),
  );
  /** A claim that finds all it asks for, of which `room` begin at once. */
  const claim = (room: number, bodyLength?: number) => {
    const works = worksOf(room + ahead.ask(true), bodyLength);
    ahead.keep(works.slice(room), works);
    return works.length;
  };
  return { time, ahead, budget, givenBack, claim };
}

describe("lanes claimed ahead", () => {
  it("are none before a claim has found all it asked for, and none after one that has not", () => {
    const { ahead, claim } = startBench();
    expect([claim(4), claim(4)]).toEqual([4, 100]);
    ahead.take(96);
    ahead.ask(true);
    ahead.keep([], []);
    expect(claim(4)).toBe(4);
  });

  it("are begun in the order they were claimed in", () => {
    const { ahead, claim } = startBench();
    claim(2);
    claim(2);
    expect(ahead.take(3).map(({ lane }) => lane._id)).toEqual(["2", "3", "4"]);
    expect(ahead.take(2).map(({ lane }) => lane._id)).toEqual(["5", "6"]);
    expect(ahead.size).toBe(91);
  });

  it("are as many as weigh no more than 8 MiB, if they are as those before", () => {
    const { claim } = startBench();
    claim(4, 1024 * 1024);
    expect(claim(4)).toBe(4 + 8);
  });

  it("are given back at once as far as they weigh more than that after all", () => {
    const { ahead, budget, givenBack, claim } = startBench();
    claim(4);
    claim(4, 1024 * 1024);
    expect([ahead.size, givenBack, budget.lanes]).toEqual([8, [{ atMs: 0, count: 88 }], 992]);
  });

  it("are no more than the registrations may have together", () => {
    const budget = { lanes: 100 };
    const [one, other] = [startBench(budget), startBench(budget)];
    one.claim(4);
    other.claim(4);
    expect([one.claim(4), other.claim(4), budget.lanes]).toEqual([100, 8, 0]);
    one.ahead.take(Infinity);
    other.ahead.empty();
    expect(budget.lanes).toBe(100);
  });

  it("are given back when they are not begun in time, and none are claimed for such a receiver for a while", async () => {
    const { time, ahead, givenBack, claim } = startBench();
    claim(4);
    claim(4);
    ahead.take(10);
    await time.until(() => givenBack.length > 0);
    expect(givenBack).toEqual([{ atMs: AHEAD_MS, count: 86 }]);
    const asked: number[] = [];
    for (const ms of [1, 29_000, 31_000]) time.after(ms, () => asked.push(claim(4)));
    await time.until(() => asked.length === 3);
    expect(asked).toEqual([4, 4, 100]);
  });

  it("are not asked for where room does not come by itself", () => {
    const { ahead, claim } = startBench();
    claim(4);
    expect(ahead.ask(false)).toBe(0);
  });
});
