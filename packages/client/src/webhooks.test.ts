import fc from "fast-check";
import { Webhook as OtherLibrary } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { verifyWebhook, WebhookVerificationError } from "./webhooks.ts";

const secret = `whsec_${Buffer.alloc(32, 1).toString("base64")}`;
const newer = `whsec_${Buffer.alloc(32, 2).toString("base64")}`;
const stranger = `whsec_${Buffer.alloc(32, 3).toString("base64")}`;
const nowMs = Date.parse("2026-01-01T00:00:00Z");
const body = JSON.stringify({
  callback_url: "https://example.com",
  message_type: "orderEvent",
  message_id: "m1",
  api_version: "1.0",
  data: [{ order_id: "o1", customer_identifier: "é", status: "packed", shipments: [], shorts: [] }],
});

/** Signed by the reference library, as the service signs: the newest secret first. */
function signed(text: string, secrets: string[], atMs = nowMs) {
  const sign = (one: string) => new OtherLibrary(one).sign("m1", new Date(atMs), text);
  return {
    "webhook-id": "m1",
    "webhook-timestamp": String(Math.floor(atMs / 1_000)),
    "webhook-signature": secrets.map(sign).join(" "),
    "waybill-order-id": "o1",
    "waybill-sequence": "4",
    "waybill-previous-sequence": "2",
    "waybill-attempt": "1",
    "waybill-replay": "false",
  };
}

describe("a webhook", () => {
  it("is read with what its headers tell, from text, bytes and every kind of headers", () => {
    const headers = signed(body, [secret]);
    const expected = {
      ...JSON.parse(body),
      orderId: "o1",
      sequence: 4,
      previousSequence: 2,
      attempt: 1,
      replay: false,
    };
    expect(verifyWebhook(body, headers, secret, { nowMs })).toEqual(expected);
    expect(verifyWebhook(Buffer.from(body), new Headers(headers), secret, { nowMs })).toEqual(expected);
  });

  it("is accepted through a rotation, whichever side changes over first", () => {
    const overlapping = signed(body, [newer, secret]);
    for (const known of [secret, newer, [stranger, secret]])
      expect(() => verifyWebhook(body, overlapping, known, { nowMs })).not.toThrow();
    expect(() => verifyWebhook(body, signed(body, [newer]), [secret, newer], { nowMs })).not.toThrow();
  });

  it("is refused by a secret that is not its own", () => {
    const verify = () => verifyWebhook(body, signed(body, [newer, secret]), stranger, { nowMs });
    expect(verify).toThrow(WebhookVerificationError);
  });

  it("is refused with any byte changed, in the body or in what is signed with it", () => {
    const bytes = Buffer.from(body);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Buffer.from(bytes);
        changed[at] = changed[at]! ^ flip;
        expect(() => verifyWebhook(changed, signed(body, [secret]), secret, { nowMs })).toThrow(
          WebhookVerificationError,
        );
      }),
    );
    const headers = signed(body, [secret]);
    for (const change of [{ "webhook-id": "m2" }, { "webhook-timestamp": "1767225601" }])
      expect(() => verifyWebhook(body, { ...headers, ...change }, secret, { nowMs })).toThrow(
        "no signature fits",
      );
  });

  it("is refused when it was signed more than five minutes away, or as far as one says", () => {
    const verify =
      (seconds: number, options: object = {}) =>
      () =>
        verifyWebhook(body, signed(body, [secret]), secret, { nowMs: nowMs + seconds * 1_000, ...options });
    for (const seconds of [-300, 0, 300]) expect(verify(seconds)).not.toThrow();
    for (const seconds of [-301, 301]) expect(verify(seconds)).toThrow(WebhookVerificationError);
    expect(verify(11, { toleranceSeconds: 10 })).toThrow(WebhookVerificationError);
  });

  it("is refused without one of its headers, or with nonsense in them", () => {
    const headers = signed(body, [secret]);
    for (const name of ["webhook-id", "webhook-timestamp", "webhook-signature"])
      expect(() => verifyWebhook(body, { ...headers, [name]: undefined }, secret, { nowMs })).toThrow(name);
    fc.assert(
      fc.property(fc.string(), fc.string(), (timestamp, signature) => {
        const wrong = { ...headers, "webhook-timestamp": timestamp, "webhook-signature": signature };
        expect(() => verifyWebhook(body, wrong, secret, { nowMs })).toThrow(WebhookVerificationError);
      }),
    );
  });
});
