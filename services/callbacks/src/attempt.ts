import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";

/**
 * How an attempt ended. `ok` is 2xx, `http` any other status, `broken` a connection that closed without an
 * answer, `unknown` an attempt whose process ended in the middle: the receiver may have it. `egress` is no
 * failure of the receiver: this side reached nobody.
 */
export type Outcome =
  "ok" | "http" | "timeout" | "dns" | "connect" | "tls" | "blocked" | "broken" | "unknown" | "egress";

/** Outcomes that say nothing about the receiver. */
export const ownOutcomes: ReadonlySet<Outcome> = new Set(["unknown", "egress"]);

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

/** Of an attempt whose end nobody saw, after so long. */
export function unknownAnswer(durationMs: number): Answer {
  return {
    outcome: "unknown",
    statusCode: null,
    retryAfterMs: null,
    durationMs,
    phases: { dns_ms: null, connect_ms: null, tls_ms: null, first_byte_ms: null },
    responseStart: null,
  };
}

/** One attempt of a delivery. */
export interface AttemptDocument {
  /** See `attemptId`. */
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
  indexes: [{ name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 }],
};

/** What is kept of a response's body. */
export const RESPONSE_BYTES_MAX = 16 * 1024;

const NUMBER_DIGITS = 8;

/** `<delivery_id>#<number>`: the attempts of a delivery, and those of a registration, sort by their ids. */
export function attemptId(deliveryId: string, number: number): string {
  return `${deliveryId}#${String(number).padStart(NUMBER_DIGITS, "0")}`;
}

/** The ids of a delivery's attempts; "$" follows "#". */
export function attemptIds(deliveryId: string) {
  return { $gte: `${deliveryId}#`, $lt: `${deliveryId}$` };
}
