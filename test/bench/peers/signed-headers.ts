import { signingKey, webhookSignature } from "@waybill/callbacks/signature.ts";

const key = signingKey("whsec_cGVlcg==");

/** The headers of a webhook that is sent now, as Standard Webhooks has them. */
export function signedHeaders(id: string, body: string): Record<string, string> {
  const timestamp = Math.floor(Date.now() / 1_000);
  return {
    "content-type": "application/json",
    "webhook-id": id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": webhookSignature(key, id, timestamp, body),
  };
}
