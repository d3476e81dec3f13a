import { expect, it } from "vitest";
import { offsetCommitter } from "./offsets.ts";

type Committed = Record<number, string>;

/** A committer whose commits wait until they are let go, or fail. */
function startBench() {
  const commits: Committed[] = [];
  const open: { resolve: () => void; reject: (error: Error) => void }[] = [];
  const commitOffsetsIfNecessary = ({
    topics,
  }: {
    topics: { partitions: { partition: number; offset: string }[] }[];
  }) => {
    commits.push(
      Object.fromEntries(topics[0]!.partitions.map(({ partition, offset }) => [partition, offset])),
    );
    return new Promise<void>((resolve, reject) => open.push({ resolve, reject }));
  };
  const offsets = offsetCommitter("orders", () => undefined);
  const reached = (partition: number, offset: string) =>
    offsets.reached({ batch: { partition }, commitOffsetsIfNecessary } as never, offset);
  const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  return { commits, open, reached, turn, idle: offsets.idle, forget: offsets.forget };
}

it("offsets that are reached in one turn, or while a commit is in flight, go together", async () => {
  const { commits, open, reached, turn, idle } = startBench();
  reached(0, "5");
  reached(1, "7");
  await turn();
  expect(commits).toEqual([{ 0: "5", 1: "7" }]);
  reached(0, "6");
  reached(0, "9");
  reached(2, "1");
  open[0]!.resolve();
  await turn();
  expect(commits.slice(1)).toEqual([{ 0: "9", 2: "1" }]);
  open[1]!.resolve();
  await idle();
  expect(commits).toHaveLength(2);
});

it("a commit that Kafka refuses is made again, with what was reached since", async () => {
  const { commits, open, reached, turn, idle } = startBench();
  reached(0, "5");
  reached(1, "7");
  await turn();
  reached(0, "6");
  open[0]!.reject(new Error("not the coordinator"));
  const over = idle();
  while (open.length < 2) await turn();
  expect(commits[1]).toEqual({ 0: "6", 1: "7" });
  open[1]!.resolve();
  await over;
});

it("what Kafka refuses again and again is kept for the next commit, and holds up nobody who leaves", async () => {
  const { commits, open, reached, turn, idle } = startBench();
  reached(0, "5");
  for (let tries = 0; tries < 3; tries += 1) {
    while (open.length <= tries) await turn();
    open[tries]!.reject(new Error("not the coordinator"));
  }
  await idle();
  expect(commits).toHaveLength(3);
  reached(1, "2");
  await turn();
  expect(commits[3]).toEqual({ 0: "5", 1: "2" });
});

it("an offset that was refused before partitions were given anew is never told again", async () => {
  const { commits, open, reached, turn, idle, forget } = startBench();
  reached(3, "500");
  await turn();
  forget();
  reached(1, "2");
  open[0]!.reject(new Error("rebalance in progress"));
  while (open.length < 2) await turn();
  expect(commits).toEqual([{ 3: "500" }, { 1: "2" }]);
  open[1]!.resolve();
  await idle();
});
