import { describe, expect, it } from "vitest";
import { EndpointGate, type GateCaller, type GateRules } from "./endpoint-gate.ts";
import { lessonOf, type Lesson } from "./lesson.ts";

const BREAKER_MS = 30_000;
const rules: GateRules = { concurrencyMax: 32, breakerMs: BREAKER_MS, random: () => 0.5 };
const good: Lesson = { kind: "good", durationMs: 10 };
const bad: Lesson = { kind: "bad" };

let lanesMade = 0;
/** A lane of its own that has not failed yet. */
const fresh = (): GateCaller => ({ laneId: `lane-${(lanesMade += 1)}`, isRetry: false });
const retryOf = (laneId: string): GateCaller => ({ laneId, isRetry: true });

/** One attempt, alone. */
function once(gate: EndpointGate, lesson: Lesson, nowMs: number, caller = fresh()): void {
  gate.take(1);
  gate.end(gate.begin(nowMs, caller)!, lesson, nowMs);
  gate.take(-1);
}

/** Makes attempts as many at a time as the gate has room for, each with this lesson, a second apart. */
function round(gate: EndpointGate, lesson: Lesson, nowMs: number): number {
  const lanes = gate.room(nowMs);
  gate.take(lanes);
  const tickets = Array.from({ length: lanes }, () => gate.begin(nowMs, fresh())!);
  for (const ticket of tickets) gate.end(ticket, lesson, nowMs + 10);
  gate.take(-lanes);
  return lanes;
}

function rounds(gate: EndpointGate, lesson: Lesson, count: number, fromMs: number): void {
  for (let index = 0; index < count; index += 1) round(gate, lesson, fromMs + index * 2_000);
}

/** A gate whose breaker has just opened, at 0. */
function opened(): EndpointGate {
  const gate = new EndpointGate({ ...rules, concurrencyMax: 1 });
  for (let index = 0; index < 5; index += 1) round(gate, bad, -10);
  return gate;
}

describe("the limit of a receiver", () => {
  it("lets a process that knows nothing send eight attempts to a dark one before it stops", () => {
    const gate = new EndpointGate(rules);
    let sent = 0;
    for (let time = 0; gate.breaker === "closed"; time += 15_000) sent += round(gate, bad, time);
    expect(sent).toBeLessThanOrEqual(8);
  });

  it("begins anew at one when its registration is changed, and its breaker closes", () => {
    const gate = opened();
    gate.beginAnew();
    expect([gate.breaker, gate.limit, gate.room(1)]).toEqual(["closed", 1, 1]);
  });

  it("begins at four and doubles with each round of successes, up to its maximum", () => {
    const gate = new EndpointGate(rules);
    const limits = [0, 1, 2, 3, 4].map((nth) => round(gate, good, nth * 2_000));
    expect(limits).toEqual([4, 8, 16, 32, 32]);
  });

  it("grows by one with each round once there was trouble", () => {
    const gate = new EndpointGate(rules);
    round(gate, bad, 0);
    const limits = [1, 2, 3, 4].map((nth) => round(gate, good, nth * 2_000));
    expect(limits).toEqual([2, 3, 4, 5]);
  });

  it("does not grow while it is not used", () => {
    const gate = new EndpointGate(rules);
    for (let index = 0; index < 100; index += 1) once(gate, good, index);
    expect(gate.room(1_000)).toBe(4);
  });

  it("does not grow while answers take longer than usual", () => {
    const gate = new EndpointGate(rules);
    round(gate, good, 0);
    const before = gate.limit;
    round(gate, { kind: "good", durationMs: 400 }, 100_000);
    expect(gate.limit).toBe(before);
  });

  it("is halved by failures, by those of one second once", () => {
    const gate = new EndpointGate(rules);
    rounds(gate, good, 2, 0);
    expect(gate.limit).toBe(16);
    gate.take(3);
    const tickets = [1, 2, 3].map(() => gate.begin(50_000, fresh())!);
    for (const ticket of tickets) gate.end(ticket, bad, 50_010);
    expect(gate.limit).toBe(8);
  });
});

describe("the breaker", () => {
  it("opens when five lanes fail in a row, not before, and answers about messages do not count", () => {
    const gate = new EndpointGate({ ...rules, concurrencyMax: 1 });
    for (const lesson of [bad, bad, bad, bad, { kind: "alive" } as const, bad, bad, bad, bad])
      round(gate, lesson, 0);
    expect(gate.breaker).toBe("closed");
    round(gate, bad, 0);
    expect([gate.breaker, gate.room(BREAKER_MS)]).toEqual(["open", 0]);
  });

  it("opens when half of the last twenty within a minute failed, each of another lane", () => {
    const gate = new EndpointGate({ ...rules, concurrencyMax: 1 });
    for (let index = 0; index < 20; index += 1) round(gate, index % 2 ? bad : good, index * 100);
    expect(gate.breaker).toBe("open");
  });

  it("sends one probe, alone, when its time is over; its success lets one at a time through, and more slowly", () => {
    const gate = opened();
    expect(gate.opensAtMs(0)).toBe(BREAKER_MS);
    expect(gate.room(BREAKER_MS - 1)).toBe(0);
    expect(gate.room(BREAKER_MS)).toBe(1);
    gate.take(1);
    const probe = gate.begin(BREAKER_MS, fresh())!;
    expect(probe.isProbe).toBe(true);
    expect([gate.room(BREAKER_MS), gate.begin(BREAKER_MS, fresh())]).toEqual([0, null]);
    gate.end(probe, good, BREAKER_MS + 10);
    gate.take(-1);
    expect([gate.breaker, gate.room(BREAKER_MS + 10)]).toEqual(["closed", 1]);
  });

  it("waits for what is still in work before it sends its probe", () => {
    const gate = new EndpointGate(rules);
    gate.take(1);
    const hanging = gate.begin(0, fresh())!;
    for (let index = 0; index < 5; index += 1) once(gate, bad, 0);
    expect(gate.room(BREAKER_MS)).toBe(0);
    gate.end(hanging, good, BREAKER_MS);
    gate.take(-1);
    expect([gate.breaker, gate.room(BREAKER_MS)]).toEqual(["half_open", 1]);
  });

  it("is not opened by one lane that fails again and again, nor by four", () => {
    const gate = new EndpointGate(rules);
    for (let index = 0; index < 100; index += 1) once(gate, bad, index, retryOf(`bad-${index % 4}`));
    expect(gate.breaker).toBe("closed");
  });

  it("is not opened by nine lanes that fail again and again among others that do not", () => {
    const gate = new EndpointGate(rules);
    for (let index = 0; index < 100; index += 1) {
      once(gate, bad, index, retryOf(`bad-${index % 9}`));
      once(gate, good, index);
    }
    expect(gate.breaker).toBe("closed");
  });

  it("stays open no longer after a probe of a lane that has failed before", () => {
    const gate = opened();
    for (let nowMs = BREAKER_MS; nowMs < 10 * BREAKER_MS; nowMs += BREAKER_MS) {
      once(gate, bad, nowMs, retryOf("bad"));
      expect(gate.opensAtMs(nowMs)).toBe(nowMs + BREAKER_MS);
    }
  });

  it("stays open twice as long after each probe that fails, up to a quarter of an hour", () => {
    const gate = opened();
    const waits: number[] = [];
    for (let nowMs = 0, trip = 0; trip < 8; trip += 1) {
      const opensAtMs = gate.opensAtMs(nowMs)!;
      waits.push(Math.round((opensAtMs - nowMs) / 1_000));
      nowMs = opensAtMs + 10;
      round(gate, bad, opensAtMs);
    }
    expect(waits).toEqual([30, 60, 120, 240, 480, 900, 900, 900]);
  });

  it("opens for as long as the receiver asks, and then sends one probe", () => {
    const gate = new EndpointGate(rules);
    once(gate, { kind: "throttled", waitMs: 7_000 }, 0);
    expect([gate.room(6_999), gate.room(7_000)]).toEqual([0, 1]);
  });
});

describe("a rate", () => {
  it("bounds attempts by so many a second, and says when the next may be made", () => {
    const gate = new EndpointGate(rules);
    gate.setRate(2, 0);
    expect(gate.room(0)).toBe(2);
    expect(round(gate, good, 0)).toBe(2);
    expect(gate.room(0)).toBe(0);
    expect(gate.opensAtMs(0)).toBe(500);
    expect(gate.room(500)).toBe(1);
    gate.setRate(null, 500);
    expect(gate.room(500)).toBe(gate.limit);
  });
});

describe("the lesson of an answer", () => {
  const answer = { retryAfterMs: null, durationMs: 5, phases: null as never, responseStart: null };
  it.each([
    [204, null, { kind: "good", durationMs: 5 }],
    [302, null, { kind: "alive" }],
    [404, null, { kind: "alive" }],
    [410, null, { kind: "alive" }],
    [423, 1_000, { kind: "alive" }],
    [408, null, { kind: "bad" }],
    [429, null, { kind: "bad" }],
    [429, 1_000, { kind: "throttled", waitMs: 1_000 }],
    [503, 1_000, { kind: "throttled", waitMs: 1_000 }],
    [500, 1_000, { kind: "bad" }],
    [null, null, { kind: "bad" }],
  ])("%j with Retry-After %j", (statusCode, retryAfterMs, lesson) => {
    const outcome = statusCode === null ? "timeout" : statusCode < 300 ? "ok" : "http";
    expect(lessonOf({ ...answer, outcome, statusCode, retryAfterMs })).toEqual(lesson);
  });
});
