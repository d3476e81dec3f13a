import type { KeyObject } from "node:crypto";
import type { Answer } from "./attempt.ts";
import type { CallbackDocument } from "./callback.ts";
import { signingOn } from "./callback-change.ts";
import type { DeliveryDocument } from "./delivery.ts";
import type { Vault } from "./secrets.ts";
import type { WebhookRequest } from "./send.ts";
import { signingKey, webhookSignature } from "./signature.ts";

const USER_AGENT = "Waybill/1.0";

/** A registration whose secrets are open. */
export interface Endpoint {
  url: string;
  /** What deliveries are signed with, the newest first. */
  keys: KeyObject[];
  /** Null if none was registered. */
  token: string | null;
  /** What the registration adds, by names in lower case. */
  headers: Record<string, string>;
}

/** Opens what is needed to send to a registration from `nowMs` on. Throws if it was sealed under another key. */
export function openEndpoint(callback: CallbackDocument, vault: Vault, nowMs: number): Endpoint {
  const { _id, url, secret, retired_secrets, token, headers } = callback;
  const sealed = [secret, ...signingOn(retired_secrets, nowMs).map((retired) => retired.secret)];
  return {
    url,
    keys: sealed.map((one) => signingKey(vault.open(one, _id))),
    token: token === null ? null : vault.open(token, _id),
    headers: headers === null ? {} : (JSON.parse(vault.open(headers, _id)) as Record<string, string>),
  };
}

/** Shorter values of headers are no secrets, and may stand in any text. */
const SECRET_LENGTH_MIN = 8;

/** An answer without the registration's token and header values, should its receiver have sent them back. */
export function withoutSecrets(answer: Answer, { token, headers }: Endpoint): Answer {
  const secrets = [...(token === null ? [] : [token]), ...Object.values(headers)];
  const masked = secrets
    .filter(({ length }) => length >= SECRET_LENGTH_MIN)
    .reduce<string | null>((text, secret) => text?.replaceAll(secret, "***") ?? null, answer.responseStart);
  return { ...answer, responseStart: masked };
}

/** The next attempt of a delivery: the stored bytes, signed at `atMs`, with the headers that docs/webhooks.md tells of. */
export function toWebhook(
  delivery: DeliveryDocument,
  { url, keys, token, headers }: Endpoint,
  atMs: number,
): WebhookRequest {
  const timestamp = Math.floor(atMs / 1_000);
  const sign = (key: KeyObject) => webhookSignature(key, delivery.message_id, timestamp, delivery.body);
  return {
    url,
    body: delivery.body,
    headers: {
      ...headers,
      "content-type": "application/json",
      "user-agent": USER_AGENT,
      "webhook-id": delivery.message_id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": keys.map(sign).join(" "),
      "waybill-order-id": delivery.order_id,
      "waybill-sequence": String(delivery.sequence),
      "waybill-previous-sequence": String(delivery.previous_sequence),
      "waybill-attempt": String(delivery.attempts_count + 1),
      "waybill-replay": String(delivery.replay),
      traceparent: delivery.traceparent,
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
  };
}
