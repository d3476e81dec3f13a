import { newAggregate } from "@waybill/events/aggregates.ts";
import { describe, expect, it } from "vitest";
import type { Answer } from "./attempt.ts";
import type { CallbackDocument } from "./callback.ts";
import { afterAttempt, createDelivery, deliveryBody, toAttempt, type DeliveryDocument } from "./delivery.ts";
import { judge } from "./verdict.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const scheduleMs = [0, 5_000, 300_000];
const middle = { scheduleMs, random: () => 0.5 };

const callback: CallbackDocument = {
  ...newAggregate("c1", "t1", "2026-01-01T00:00:00.000Z"),
  url: 'https://example.com/?q="ü"',
  target: "https://example.com/?q=%22%C3%BC%22",
  message_type: "orderEvent",
  api_version: "1.0",
  status: "active",
  status_reason: null,
  held: false,
  rate_per_second: null,
  retired_secrets: [],
  headers: null,
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
      replay: false,
      next_attempt_at: now,
    });
  });
});

describe("after an attempt", () => {
  const delivery = createDelivery(event, callback, now);
  const at = Date.parse(now);
  const failed: Answer = {
    outcome: "http",
    statusCode: 500,
    retryAfterMs: null,
    durationMs: 12,
    phases: { dns_ms: 1, connect_ms: 2, tls_ms: 3, first_byte_ms: 4 },
    responseStart: "oops",
  };
  const change = (from: DeliveryDocument, answer = failed) =>
    afterAttempt(from, judge(answer, { charged: from.attempts_charged, ageMs: 0 }, middle), at + 12);
  const next = (from: DeliveryDocument, answer = failed) => ({ ...from, ...change(from, answer) });

  it("a delivery tells its number, what was charged and when the next one is", () => {
    expect(next(delivery)).toMatchObject({
      status: "pending",
      attempts_count: 1,
      attempts_charged: 1,
      next_attempt_at: "2026-01-01T00:00:06.012Z",
      expires_at: null,
    });
  });

  it("the attempt is logged with its number, times and the response's start", () => {
    expect(toAttempt(delivery, failed, change(delivery), at)).toEqual({
      _id: "c1/e1#00000001",
      tenant_id: "t1",
      delivery_id: "c1/e1",
      number: 1,
      at: now,
      outcome: "http",
      status_code: 500,
      duration_ms: 12,
      phases: failed.phases,
      response_start: "oops",
      next_attempt_at: "2026-01-01T00:00:06.012Z",
      expires_at: new Date(at + 30 * DAY),
    });
  });

  it("that is free of charge only the count grows", () => {
    const deferred = next(delivery, { ...failed, statusCode: 429, retryAfterMs: 1_000 });
    expect(deferred).toMatchObject({ attempts_count: 1, attempts_charged: 0 });
  });

  it("the last of the schedule fails it, with a reason, and lets it expire", () => {
    const gone = scheduleMs.reduce((state) => next(state), delivery);
    expect(gone).toMatchObject({
      status: "failed",
      reason: "no attempts left",
      attempts_count: 3,
      next_attempt_at: null,
    });
    // On the hour, as all that ended in it.
    expect(gone.expires_at).toEqual(new Date(at - 1_000 + 30 * DAY + HOUR));
  });

  it("410 leaves it pending without charge: it waits for its registration", () => {
    expect(next(delivery, { ...failed, statusCode: 410 })).toMatchObject({
      status: "pending",
      attempts_count: 1,
      attempts_charged: 0,
      expires_at: null,
    });
  });
});
