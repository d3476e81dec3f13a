import { createHmac } from "node:crypto";

/**
 * The value of `webhook-signature` (Standard Webhooks, v1): HMAC-SHA256 of id, timestamp (unix seconds) and
 * body under the bytes that the secret encodes.
 */
export function webhookSignature(secret: string, id: string, timestamp: number, body: string): string {
  const key = Buffer.from(secret.slice(secret.indexOf("_") + 1), "base64");
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}
