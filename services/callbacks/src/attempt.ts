import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";

/**
 * How an attempt ended. `ok` is 2xx, `http` any other status, `broken` a connection that closed without an
 * answer, `unknown` an attempt whose process died: the receiver may have it.
 */
export type Outcome =
  "ok" | "http" | "timeout" | "dns" | "connect" | "tls" | "blocked" | "broken" | "unknown";

/** Where the time of an attempt went, in milliseconds; null for what did not happen, such as a connection that was there. */
export interface Phases {
  dns_ms: number | null;
  connect_ms: number | null;
  tls_ms: number | null;
  /** From the request's last byte to the response's first. */
  first_byte_ms: number | null;
}

/** What came back from one attempt. */
export interface Answer {
  outcome: Outcome;
  statusCode: number | null;
  /** As Retry-After asks. */
  retryAfterMs: number | null;
  durationMs: number;
  phases: Phases;
  /** The beginning of the response's body, as far as RESPONSE_BYTES_MAX. */
  responseStart: string | null;
}

/** One attempt of a delivery. */
export interface AttemptDocument {
  /** `<delivery_id>#<number>`. */
  _id: string;
  tenant_id: string;
  delivery_id: string;
  /** From 1; a replay counts on. */
  number: number;
  /** RFC 3339, UTC. */
  at: string;
  outcome: Outcome;
  status_code: number | null;
  duration_ms: number;
  phases: Phases;
  response_start: string | null;
  /** When the next one was due then; null if none was. */
  next_attempt_at: string | null;
  expires_at: Date;
}

export const attemptsCollection: CollectionDeclaration = {
  name: "attempts",
  indexes: [
    { name: "by_delivery", key: { delivery_id: 1, number: 1 } },
    { name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 },
  ],
};

/** What is kept of a response's body. */
export const RESPONSE_BYTES_MAX = 16 * 1024;
