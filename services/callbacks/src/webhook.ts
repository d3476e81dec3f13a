import type { CallbackDocument } from "./callback.ts";
import type { DeliveryDocument } from "./delivery.ts";
import type { Vault } from "./secrets.ts";
import type { WebhookRequest } from "./send.ts";
import { webhookSignature } from "./signature.ts";

const USER_AGENT = "Waybill/1.0";

/** The next attempt of a delivery: the stored bytes, signed at `atMs`, with the headers of design 7.31. */
export function toWebhook(
  delivery: DeliveryDocument,
  callback: CallbackDocument,
  vault: Vault,
  atMs: number,
): WebhookRequest {
  const timestamp = Math.floor(atMs / 1_000);
  const secret = vault.open(callback.secret, callback._id);
  return {
    url: callback.url,
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
      "waybill-replay": "false",
      traceparent: delivery.traceparent,
      ...(callback.token === null
        ? {}
        : { authorization: `Bearer ${vault.open(callback.token, callback._id)}` }),
    },
  };
}
