import type { CallbackDocument } from "./callback.ts";
import type { DeliveryDocument } from "./delivery.ts";
import type { Vault } from "./secrets.ts";
import type { WebhookRequest } from "./send.ts";
import { webhookSignature } from "./signature.ts";

const USER_AGENT = "Waybill/1.0";

/** A registration whose secrets are open. */
export interface Endpoint {
  url: string;
  secret: string;
  /** Null if none was registered. */
  token: string | null;
}

/** Opens what is needed to send to a registration. Throws if it was sealed under another key. */
export function openEndpoint({ _id, url, secret, token }: CallbackDocument, vault: Vault): Endpoint {
  return { url, secret: vault.open(secret, _id), token: token === null ? null : vault.open(token, _id) };
}

/** The next attempt of a delivery: the stored bytes, signed at `atMs`, with the headers of design 7.31. */
export function toWebhook(
  delivery: DeliveryDocument,
  { url, secret, token }: Endpoint,
  atMs: number,
): WebhookRequest {
  const timestamp = Math.floor(atMs / 1_000);
  return {
    url,
    body: delivery.body,
    headers: {
      "content-type": "application/json",
      "user-agent": USER_AGENT,
      "webhook-id": delivery.message_id,
      "webhook-timestamp": String(timestamp),
      "webhook-signature": webhookSignature(secret, delivery.message_id, timestamp, delivery.body),
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
