import { createHmac, createSecretKey, type KeyObject } from "node:crypto";

/** The key that a signing secret encodes: made once, since making it costs more than a signature. */
export function signingKey(secret: string): KeyObject {
  return createSecretKey(secret.slice(secret.indexOf("_") + 1), "base64");
}

/**
 * The value of `webhook-signature` (Standard Webhooks, v1): HMAC-SHA256 of id, timestamp (unix seconds) and
 * body under the secret's key.
 */
export function webhookSignature(key: KeyObject, id: string, timestamp: number, body: string): string {
  return `v1,${createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64")}`;
}
