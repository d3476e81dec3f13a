import { describe, expect, it } from "vitest";
import type { Answer } from "./attempt.ts";
import { judge, parseRetryAfter } from "./verdict.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const scheduleMs = [0, 5_000, 5 * MINUTE, 30 * MINUTE, 2 * HOUR];
const middle = { scheduleMs, random: () => 0.5 };
const young = { charged: 0, ageMs: 0 };

const answered = (statusCode: number, retryAfterMs: number | null = null) =>
  ({ outcome: statusCode >= 200 && statusCode < 300 ? "ok" : "http", statusCode, retryAfterMs }) as const;
const unanswered = (outcome: Answer["outcome"]) => ({ outcome, statusCode: null, retryAfterMs: null });

describe("what an answer means", () => {
  it.each([200, 201, 202, 204, 299])("%i delivers", (status) =>
    expect(judge(answered(status), young, middle)).toEqual({ status: "delivered" }),
  );

  it("410 parks and disables", () =>
    expect(judge(answered(410), young, middle)).toEqual({ status: "parked" }));

  it.each([301, 302, 303, 307, 308, 400, 401, 404, 408, 422, 500, 502, 504, 423, 429, 503])(
    "%i without Retry-After is a failed attempt",
    (status) =>
      expect(judge(answered(status), young, middle)).toEqual({
        status: "pending",
        waitMs: 5_000,
        charged: true,
      }),
  );

  it.each(["timeout", "dns", "connect", "tls", "blocked", "broken"] as const)(
    "%s is a failed attempt",
    (outcome) =>
      expect(judge(unanswered(outcome), young, middle)).toEqual({
        status: "pending",
        waitMs: 5_000,
        charged: true,
      }),
  );
});

describe("what is not the receiver's doing", () => {
  it("costs no attempt, whatever was charged", () =>
    expect(judge(unanswered("egress"), { charged: 4, ageMs: HOUR }, middle)).toEqual({
      status: "pending",
      waitMs: 15_000,
      charged: false,
    }));

  it("is charged after a week, so that it ends", () =>
    expect(judge(unanswered("egress"), { charged: 4, ageMs: 7 * DAY }, middle)).toEqual({
      status: "failed",
    }));

  it("and an attempt that nobody saw the end of is made again at once", () =>
    expect(judge(unanswered("unknown"), young, middle)).toEqual({
      status: "pending",
      waitMs: 0,
      charged: false,
    }));
});

describe("Retry-After", () => {
  it.each([423, 429, 503])("with %i is waited for and costs no attempt, whatever was charged", (status) => {
    const verdict = judge(answered(status, 60_000), { charged: 4, ageMs: HOUR }, middle);
    expect(verdict).toEqual({ status: "pending", waitMs: 63_000, charged: false });
  });

  it("is never undercut, and waited for at least a second and at most a day", () => {
    const soonest = { scheduleMs, random: () => 0 };
    const waitFor = (ms: number) => judge(answered(429, ms), young, soonest);
    expect(waitFor(60_000)).toMatchObject({ waitMs: 60_000 });
    expect(waitFor(0)).toMatchObject({ waitMs: 1_000 });
    expect(waitFor(90 * DAY)).toMatchObject({ waitMs: DAY });
  });

  it("no longer saves from being charged after a week", () => {
    expect(judge(answered(429, 1_000), { charged: 0, ageMs: 7 * DAY }, middle)).toMatchObject({
      charged: true,
    });
    expect(judge(answered(429, 1_000), { charged: 4, ageMs: 7 * DAY }, middle)).toEqual({ status: "failed" });
  });

  it.each([400, 500, 502])("with %i changes nothing", (status) =>
    expect(judge(answered(status, 60_000), young, middle)).toMatchObject({ waitMs: 5_000, charged: true }),
  );

  it.each([
    ["120", 120_000],
    ["0", 0],
    ["Thu, 01 Jan 1970 00:01:00 GMT", 30_000],
    ["Thu, 01 Jan 1970 00:00:01 GMT", 0],
    ["soon", null],
    ["-5", null],
    ["99999999999", null],
    [undefined, null],
  ])("%j is read", (header, ms) => expect(parseRetryAfter(header, 30_000)).toBe(ms));
});

describe("the schedule", () => {
  it("gives each attempt its wait, and ends after its last", () => {
    const waits = scheduleMs.map((_, charged) => judge(answered(500), { charged, ageMs: 0 }, middle));
    expect(waits).toEqual([
      ...scheduleMs.slice(1).map((waitMs) => ({ status: "pending", waitMs, charged: true })),
      { status: "failed" },
    ]);
  });

  it("is spread by a fifth to either side", () => {
    const wait = (random: number) => judge(answered(500), young, { scheduleMs, random: () => random });
    expect(wait(0)).toMatchObject({ waitMs: 4_000 });
    expect(wait(1)).toMatchObject({ waitMs: 6_000 });
  });
});
