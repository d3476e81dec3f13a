import { createHmac, timingSafeEqual } from "node:crypto";
import { WaybillError } from "./errors.ts";
import type { OrderCancelRequest, OrderEventData, OrderUpdateRequest } from "./gen/types.ts";

/** What webhooks leave out of the data of topics. */
type DecisionOnly = "code" | "pointer" | "version_at_decision" | "base_version";

/** The data of each message type. */
export interface WebhookData {
  orderEvent: Omit<OrderEventData, "movements">[];
  orderUpdateResolution: Omit<OrderUpdateRequest, DecisionOnly>[];
  orderCancelResolution: Omit<OrderCancelRequest, DecisionOnly>[];
  /** Asked for with `testCallback`, whatever the registration's type is: take it and do nothing. */
  test: CallbackTest[];
}

/** The data of a test: which registration is tried, and when it was asked for. */
export interface CallbackTest {
  callback_id: string;
  sent_at: string;
}

/** A verified webhook; `message_type` tells what its data is. */
export type Webhook = {
  [Type in keyof WebhookData]: WebhookFacts & { message_type: Type; data: WebhookData[Type] };
}[keyof WebhookData];

/** What every webhook says. */
export interface WebhookFacts {
  callback_url: string;
  /** Stable over repeats: a message whose id you have seen is done. */
  message_id: string;
  api_version: string;
  /** Whose message it is; of a test the nil UUID. */
  orderId: string;
  /** Its place among the events of its order, from 1; of a test 0. */
  sequence: number;
  /** The sequence of the order's message of this type before it; 0 if there is none. */
  previousSequence: number;
  /** From 1. */
  attempt: number;
  /** Whether it is sent anew on somebody's request. */
  replay: boolean;
}

/** The webhook is not from Waybill, is too old, or was changed on its way: answer it with 400. */
export class WebhookVerificationError extends WaybillError {
  override readonly name = "WebhookVerificationError";
}

/** How webhooks are verified. */
export interface VerifyOptions {
  /** How far the time of sending may be from now, in seconds; default 300, as Standard Webhooks has it. */
  toleranceSeconds?: number;
  /** Default: now. */
  nowMs?: number;
}

/** Request headers: of `fetch`, of Node, or a plain object with names in lower case. */
export type WebhookHeaders = Headers | Readonly<Record<string, string | readonly string[] | undefined>>;

const TOLERANCE_SECONDS = 300;

/**
 * Verifies a webhook (Standard Webhooks, symmetric signatures) and reads it. `body` is the body as it came,
 * before any JSON parser. While a secret rotates, give both: one that fits is enough. Throws
 * `WebhookVerificationError`.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: WebhookHeaders,
  secrets: string | readonly string[],
  { toleranceSeconds = TOLERANCE_SECONDS, nowMs = Date.now() }: VerifyOptions = {},
): Webhook {
  const text = typeof body === "string" ? body : Buffer.from(body).toString("utf8");
  const id = required(headers, "webhook-id");
  const timestamp = required(headers, "webhook-timestamp");
  const signatures = required(headers, "webhook-signature").split(" ");
  assertRecent(timestamp, toleranceSeconds, nowMs);
  const given = signatures
    .filter((one) => one.startsWith("v1,"))
    .map((one) => Buffer.from(one.slice(3), "base64"));
  const wanted = [secrets].flat().map((secret) => signatureOf(secret, `${id}.${timestamp}.${text}`));
  const matches = wanted.flatMap((one) => given.map((other) => isSame(one, other)));
  if (!matches.includes(true)) throw new WebhookVerificationError("no signature fits");
  return read(text, headers);
}

function required(headers: WebhookHeaders, name: string): string {
  const value = header(headers, name);
  if (value === null) throw new WebhookVerificationError(`the header ${name} is missing`);
  return value;
}

function header(headers: WebhookHeaders, name: string): string | null {
  if (headers instanceof Headers) return headers.get(name);
  const value = headers[name];
  return typeof value === "string" ? value : null;
}

function assertRecent(timestamp: string, toleranceSeconds: number, nowMs: number): void {
  const awaySeconds = Math.abs(nowMs / 1_000 - Number(timestamp));
  if (!/^\d{1,12}$/.test(timestamp)) throw new WebhookVerificationError("webhook-timestamp is no time");
  if (awaySeconds > toleranceSeconds)
    throw new WebhookVerificationError("it was signed too long ago, or ahead");
}

function signatureOf(secret: string, content: string): Buffer {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (key.length === 0) throw new TypeError("the secret is empty");
  return createHmac("sha256", key).update(content).digest();
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}

function read(text: string, headers: WebhookHeaders): Webhook {
  const number = (name: string) => Number(header(headers, name) ?? 0);
  return {
    ...(JSON.parse(text) as Pick<Webhook, "message_type" | "data">),
    orderId: header(headers, "waybill-order-id") ?? "",
    sequence: number("waybill-sequence"),
    previousSequence: number("waybill-previous-sequence"),
    attempt: number("waybill-attempt"),
    replay: header(headers, "waybill-replay") === "true",
  } as Webhook;
}
