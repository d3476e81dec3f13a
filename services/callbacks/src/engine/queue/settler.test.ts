import { describe, expect, it } from "vitest";
import { VirtualTime } from "../../../test/virtual-time.ts";
import type { ClaimedLane } from "../../lane.ts";
import type { LaneStep, Settlement } from "./queue.ts";
import { createSettler } from "./settler.ts";

const WRITE_MS = 10;

/** A settler on virtual time, whose groups are noted with when they began. */
function startBench() {
  const time = new VirtualTime();
  const groups: { atMs: number; lanes: string[] }[] = [];
  let ended = 0;
  const settle = async (settlements: readonly Settlement[]) => {
    groups.push({ atMs: time.nowMs, lanes: settlements.map(({ lane }) => lane._id) });
    await new Promise<void>((resolve) => void time.after(WRITE_MS, resolve));
    return settlements.map(() => "gone" as const);
  };
  const settler = createSettler({ settle }, time.clock, 4_000);
  const add = (id: string, step: LaneStep = "finish") =>
    void settler({ lane: { _id: id } as ClaimedLane, ended: null, step }).then(() => (ended += 1));
  const addAt = (atMs: number, ...ids: string[]) => time.at(atMs, () => ids.forEach((id) => add(id)));
  return { time, groups, add, addAt, all: (count: number) => time.until(() => ended === count) };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `${index}`);

describe("settlements", () => {
  it("are written at once when none was written lately", async () => {
    const { groups, addAt, all } = startBench();
    addAt(0, "a");
    addAt(500, "b");
    await all(2);
    expect(groups).toEqual([
      { atMs: 0, lanes: ["a"] },
      { atMs: 500, lanes: ["b"] },
    ]);
  });

  it("that follow closely are written together", async () => {
    const { groups, addAt, all } = startBench();
    addAt(0, "a");
    for (const [index, id] of ["b", "c", "d"].entries()) addAt(11 + index * 5, id);
    await all(4);
    expect(groups.map(({ lanes }) => lanes)).toEqual([["a"], ["b", "c", "d"]]);
  });

  it("are not held back when a lane waits for its own to go on", async () => {
    const { time, groups, add, addAt, all } = startBench();
    addAt(0, "a");
    addAt(12, "b");
    time.at(15, () => add("c", "extend"));
    await all(3);
    expect(groups.at(-1)).toEqual({ atMs: 15, lanes: ["b", "c"] });
  });

  it("are not held back when there are many", async () => {
    const { groups, addAt, all } = startBench();
    addAt(0, "a");
    addAt(5, ...many(100));
    await all(101);
    const late = groups.filter(({ atMs }) => atMs > 40);
    expect(late.flatMap(({ lanes }) => lanes).length).toBeLessThan(32);
    expect(groups.flatMap(({ lanes }) => lanes)).toHaveLength(101);
  });
});
