import { createLog } from "@waybill/process/log.ts";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import type { DeliveryDocument } from "../../delivery.ts";
import type { ClaimedLane, QueueKind } from "../../lane.ts";
import { systemClock } from "../clock.ts";
import { Dispatcher } from "./dispatcher.ts";
import type { EndpointState } from "./lane-work.ts";

/** Due lanes by registration; what works on them, and what is most at the same time. */
interface Bench {
  dispatcher: Dispatcher<null>;
  due: Map<string, string[]>;
  done: string[];
  released: string[];
  /** Lanes in work, each until it is let go. */
  held: Map<string, (dueInMs: number | null) => void>;
  most: { total: number; endpoint: number };
  paused: Set<string>;
  looks: number;
  /** Which lanes each claim took first. */
  first: QueueKind[];
  /** Rejects the next claim, or look. */
  failNext: (what: "claim" | "look") => void;
}

function startBench(limits: { endpoint: number; total: number }, hold: (lane: string) => boolean): Bench {
  const busy: string[] = [];
  const failing = new Set<"claim" | "look">();
  const bench: Omit<Bench, "dispatcher"> = {
    due: new Map(),
    done: [],
    released: [],
    held: new Map(),
    most: { total: 0, endpoint: 0 },
    paused: new Set(),
    looks: 0,
    first: [],
    failNext: (what) => void failing.add(what),
  };
  const { due, done, held, most, paused } = bench;
  const dispatcher = new Dispatcher<null>({
    clock: systemClock,
    findDue: async () =>
      [...due].filter(([, lanes]) => lanes.length > 0).map(([callbackId]) => ({ callbackId, waitMs: 0 })),
    claim: async (id, limit, first, ahead = 0) => {
      bench.first.push(first);
      if (failing.delete("claim")) throw new Error("down");
      return (due.get(id)?.splice(0, limit + ahead) ?? []).map(
        (_id) => ({ _id, heads: [] as DeliveryDocument[] }) as ClaimedLane,
      );
    },
    look: async (id): Promise<EndpointState<null>> => {
      bench.looks += 1;
      if (failing.delete("look")) throw new Error("down");
      return paused.has(id) ? { state: "paused" } : { state: "active", endpoint: null, ratePerSecond: null };
    },
    work: async ({ lane: { _id: lane }, signal }) => {
      const id = lane.split("/")[0]!;
      busy.push(id);
      most.total = Math.max(most.total, busy.length);
      most.endpoint = Math.max(most.endpoint, busy.filter((one) => one === id).length);
      const answer = hold(lane)
        ? await new Promise<number | null>((resolve) => {
            held.set(lane, resolve);
            signal.addEventListener("abort", () => resolve(0));
          })
        : null;
      busy.splice(busy.indexOf(id), 1);
      done.push(lane);
      return answer;
    },
    release: async (lanes) => {
      bench.released.push(...lanes.map(({ _id }) => _id));
      for (const { _id } of lanes) due.get(_id.split("/")[0]!)!.push(_id);
    },
    close: async (lanes) => void done.push(...lanes.map(({ _id }) => _id)),
    egress: { isDown: false },
    hasten: async () => undefined,
    owns: (id) => !id.startsWith("foreign"),
    total: limits.total,
    gate: { concurrencyMax: limits.endpoint, breakerMs: 1_000, random: () => 0.5 },
    stopMs: 50,
    log: createLog("test", "silent"),
  });
  onTestFinished(() => dispatcher[Symbol.asyncDispose]());
  return Object.assign(bench, { dispatcher });
}

const lanes = (id: string, count: number) => Array.from({ length: count }, (_, index) => `${id}/${index}`);
const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 5_000, interval: 5 });

describe("the dispatcher", () => {
  it("works on every lane of a registration that was woken, at most so many at the same time", async () => {
    const bench = startBench({ endpoint: 3, total: 10 }, () => false);
    bench.due.set("a", lanes("a", 50));
    bench.dispatcher.wake(["a"]);
    await until(() => bench.done.length === 50);
    expect(bench.most.endpoint).toBeLessThanOrEqual(3);
  });

  it("keeps to the limit of all registrations together", async () => {
    const bench = startBench({ endpoint: 4, total: 6 }, () => false);
    const ids = ["a", "b", "c", "d"];
    for (const id of ids) bench.due.set(id, lanes(id, 25));
    bench.dispatcher.wake(ids);
    await until(() => bench.done.length === 100);
    expect(bench.most.total).toBeLessThanOrEqual(6);
  });

  it("goes on with others while one registration hangs", async () => {
    const bench = startBench({ endpoint: 2, total: 4 }, (lane) => lane.startsWith("dark/"));
    bench.due.set("dark", lanes("dark", 20));
    bench.due.set("fine", lanes("fine", 20));
    bench.dispatcher.wake(["dark", "fine"]);
    await until(() => bench.done.length === 20);
    expect(bench.done.every((lane) => lane.startsWith("fine/"))).toBe(true);
    expect(bench.held.size).toBe(2);
  });

  it("loses no wake that comes while it claims", async () => {
    const bench = startBench({ endpoint: 2, total: 4 }, () => false);
    bench.due.set("a", []);
    for (let round = 1; round <= 200; round += 1) {
      bench.dispatcher.wake(["a"]);
      bench.due.get("a")!.push(`a/${round}`);
      bench.dispatcher.wake(["a"]);
      if (round % 3 === 0) await Promise.resolve();
    }
    await until(() => bench.done.length === 200);
    expect(new Set(bench.done).size).toBe(200);
  });

  it("comes back to a lane that has more, after the others' turn", async () => {
    const bench = startBench({ endpoint: 1, total: 1 }, (lane) => lane === "a/0");
    bench.due.set("a", ["a/0"]);
    bench.dispatcher.wake(["a"]);
    await until(() => bench.held.has("a/0"));
    bench.due.set("b", ["b/0"]);
    bench.dispatcher.wake(["b"]);
    bench.due.get("a")!.push("a/1");
    bench.held.get("a/0")!(0);
    await until(() => bench.done.length === 3);
    expect(bench.done[0]).toBe("a/0");
  });

  it("probes a receiver that failed with a lane that has not failed itself, if it has one", async () => {
    const bench = startBench({ endpoint: 1, total: 1 }, () => false);
    bench.due.set("a", lanes("a", 10));
    bench.dispatcher.wake(["a"]);
    await until(() => bench.done.length === 10);
    expect(bench.first).toContain("late");
    const longAgo = systemClock.now() - 10_000;
    const gate = bench.dispatcher.gateOf("a")!;
    for (const laneId of ["1", "2", "3", "4", "5"])
      gate.end(gate.begin(longAgo, { laneId, isRetry: false })!, { kind: "bad" }, longAgo);
    const before = bench.first.length;
    bench.due.set("a", lanes("a", 10));
    bench.dispatcher.wake(["a"]);
    await until(() => bench.done.length === 20);
    expect([gate.breaker, bench.first.slice(before)]).toEqual(["half_open", Array(11).fill("fresh")]);
  });

  it.each(["claim", "look"] as const)(
    "finds by itself what nobody woke it for, and what a failed %s left",
    async (what) => {
      const bench = startBench({ endpoint: 2, total: 2 }, () => false);
      bench.due.set("a", ["a/0"]);
      bench.failNext(what);
      await until(() => bench.done.length === 1);
      expect(bench.done).toEqual(["a/0"]);
    },
  );

  it("leaves paused registrations alone until they are woken, and asks for them seldom", async () => {
    const bench = startBench({ endpoint: 2, total: 2 }, () => false);
    bench.paused.add("a");
    bench.due.set("a", lanes("a", 2));
    bench.due.set("b", lanes("b", 2));
    bench.dispatcher.wake(["a", "b"]);
    await until(() => bench.done.length === 2);
    await until(() => bench.released.length === 2);
    const { looks } = bench;
    bench.due.set("b", lanes("b", 2));
    await until(() => bench.done.length === 4);
    expect(bench.done.every((lane) => lane.startsWith("b/"))).toBe(true);
    expect(bench.looks).toBeLessThanOrEqual(looks + 2);
    bench.paused.delete("a");
    bench.dispatcher.wake(["a"]);
    await until(() => bench.done.length === 6);
  });

  it("takes a backlog with few claims", async () => {
    const bench = startBench({ endpoint: 4, total: 200 }, () => false);
    bench.due.set("a", lanes("a", 1_000));
    bench.dispatcher.wake(["a"]);
    await until(() => bench.done.length === 1_000);
    expect(bench.done.toSorted()).toEqual(lanes("a", 1_000).toSorted());
    expect(bench.first.length).toBeLessThanOrEqual(20);
    expect(bench.most.endpoint).toBeLessThanOrEqual(4);
  });

  it.each([
    ["its registration is paused", (bench: Bench) => bench.dispatcher.lookAnew(["a"])],
    ["it is disposed", (bench: Bench) => void bench.dispatcher[Symbol.asyncDispose]()],
  ])("gives back what it claimed ahead when %s", async (_, end) => {
    const bench = startBench({ endpoint: 2, total: 200 }, () => true);
    bench.due.set("a", lanes("a", 50));
    bench.dispatcher.wake(["a"]);
    await until(() => bench.held.size === 2);
    for (const letGo of bench.held.values()) letGo(null);
    await until(() => bench.held.size === 4);
    expect(bench.due.get("a")).toEqual([]);
    bench.paused.add("a");
    end(bench);
    await until(() => bench.due.get("a")!.length === 46);
    expect([bench.held.size, new Set(bench.released).size]).toEqual([4, 46]);
  });

  it("touches no registration that another one sends to", async () => {
    const bench = startBench({ endpoint: 2, total: 2 }, () => false);
    bench.due.set("foreign", lanes("foreign", 2));
    bench.due.set("own", lanes("own", 1));
    bench.dispatcher.wake(["foreign"]);
    await until(() => bench.done.length === 1);
    expect(bench.due.get("foreign")).toHaveLength(2);
  });

  it("that is disposed claims no more, lets go what is in work, and ends", async () => {
    const bench = startBench({ endpoint: 1, total: 2 }, () => true);
    bench.due.set("a", lanes("a", 3));
    bench.dispatcher.wake(["a"]);
    await until(() => bench.held.size === 1);
    await bench.dispatcher[Symbol.asyncDispose]();
    bench.dispatcher.wake(["a"]);
    expect(bench.done).toEqual(["a/0"]);
    expect(bench.due.get("a")).toHaveLength(2);
  });
});
