import { describe, expect, it } from "vitest";
import {
  afterAttempt,
  ATTEMPTS_KEPT,
  createDelivery,
  deliveryBody,
  judge,
  parseRetryAfter,
  type Answer,
  type DeliveryDocument,
} from "./delivery.ts";
import type { CallbackDocument } from "./callback.ts";

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

const callback: CallbackDocument = {
  _id: "c1",
  tenant_id: "t1",
  url: 'https://example.com/?q="ü"',
  message_type: "orderEvent",
  api_version: "1.0",
  status: "active",
  secret: "",
  token: null,
  created_at: "2026-01-01T00:00:00.000Z",
};
const event = {
  id: "e1",
  type: "waybill.order.status_changed.v1",
  tenantId: "t1",
  aggregateId: "o1",
  sequence: 5,
  previousOfType: 3,
  time: "2026-01-01T00:00:00.000Z",
  messageType: "orderEvent",
  traceparent: "00-a-b-01",
  data: '{"b":1.0, "a":"\\u00fc ü", "big":12345678901234567890}',
};
const now = "2026-01-01T00:00:01.000Z";

describe("a delivery", () => {
  it("has the event's data in its body as it is, in the documented order of keys", () => {
    expect(deliveryBody(event, callback)).toBe(
      `{"callback_url":"https://example.com/?q=\\"ü\\"","message_type":"orderEvent","message_id":"e1","data":[${event.data}],"api_version":"1.0"}`,
    );
  });

  it("is pending in its order's lane", () => {
    expect(createDelivery(event, callback, now)).toMatchObject({
      _id: "c1/e1",
      lane_id: "c1/o1",
      message_id: "e1",
      sequence: 5,
      previous_sequence: 3,
      status: "pending",
      next_attempt_at: now,
    });
  });

  it("of a disabled registration is parked from the start", () => {
    expect(createDelivery(event, { ...callback, status: "disabled" }, now)).toMatchObject({
      status: "parked",
      reason: "registration disabled",
      next_attempt_at: null,
      expires_at: null,
    });
  });
});

describe("after an attempt", () => {
  const delivery = createDelivery(event, callback, now);
  const failed: Answer = { ...answered(500), durationMs: 12, responseStart: "oops" };
  const at = Date.parse(now);
  const next = (from: DeliveryDocument, answer = failed) => ({
    ...from,
    ...afterAttempt(
      from,
      answer,
      judge(answer, { charged: from.attempts_charged, ageMs: 0 }, middle),
      at,
      at + 12,
    ),
  });

  it("a delivery tells it and when the next one is", () => {
    expect(next(delivery)).toMatchObject({
      status: "pending",
      attempts_count: 1,
      attempts_charged: 1,
      attempts: [
        { number: 1, at: now, outcome: "http", status_code: 500, duration_ms: 12, response_start: "oops" },
      ],
      next_attempt_at: "2026-01-01T00:00:06.012Z",
    });
  });

  it("that is free of charge only the count grows", () => {
    const deferred = next(delivery, { ...failed, ...answered(429, 1_000) });
    expect(deferred).toMatchObject({ attempts_count: 1, attempts_charged: 0 });
  });

  it("the last of the schedule fails it, with a reason, and lets it expire", () => {
    const gone = scheduleMs.reduce((state) => next(state), delivery);
    expect(gone).toMatchObject({
      status: "failed",
      reason: "no attempts left",
      attempts_count: 5,
      next_attempt_at: null,
    });
    expect(gone.expires_at).toEqual(new Date(at + 12 + 30 * DAY));
  });

  it("a delivery remembers the last ones only, and counts all", () => {
    const busy: Answer = { ...failed, ...answered(429, 1_000) };
    let state = delivery;
    for (let count = 0; count < 50; count += 1) state = next(state, busy);
    expect(state.attempts).toHaveLength(ATTEMPTS_KEPT);
    expect(state.attempts.at(-1)!.number).toBe(50);
    expect(state.attempts_count).toBe(50);
  });

  it("what is parked never expires", () => {
    expect(next(delivery, { ...failed, ...answered(410) })).toMatchObject({
      status: "parked",
      expires_at: null,
    });
  });
});
