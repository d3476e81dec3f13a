import { CONNREFUSED } from "node:dns";
import { Agent, request, type Dispatcher } from "undici";
import { RESPONSE_BYTES_MAX, type Answer, type Outcome } from "./attempt.ts";
import type { GuardPolicy } from "./guard.ts";
import { guardedConnector, type Resolve } from "./guarded-connector.ts";
import { phasesOf } from "./phases.ts";
import { parseRetryAfter } from "./verdict.ts";

const KEEP_ALIVE_MS = 4_000;
// A connection whose address was checked long ago is made anew.
const CONNECTION_MS_MAX = 60_000;

/** One attempt as it goes over the wire. */
export interface WebhookRequest {
  url: string;
  headers: Record<string, string>;
  body: string;
}

/** Posts webhooks over connections that it keeps. */
export interface Sender extends AsyncDisposable {
  /** What came back; a receiver that fails is an answer too. Rejects only when `signal` aborts. */
  send: (webhook: WebhookRequest, signal: AbortSignal) => Promise<Answer>;
}

interface SenderOptions {
  guard: GuardPolicy;
  /** From resolving the name to the last byte of the response. */
  attemptMsMax: number;
  /** Connections to one origin at most; not less than attempts can be in work, which would wait for each other. */
  connectionsMax: number;
  resolve?: Resolve;
}

export function createSender({ guard, attemptMsMax, connectionsMax, resolve }: SenderOptions): Sender {
  const agent = new Agent({
    connect: guardedConnector(guard, resolve),
    connections: connectionsMax,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: KEEP_ALIVE_MS,
    clientTtl: CONNECTION_MS_MAX,
    // The attempt's own limit is the one that counts.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  return {
    async send(webhook, signal) {
      const startedMs = performance.now();
      using limited = limit(signal, attemptMsMax);
      // Bytes of its own, so that phases are found by them.
      const bytes = Buffer.from(webhook.body);
      const answer = await post(agent, { ...webhook, bytes }, limited.signal).catch((error: unknown) => {
        signal.throwIfAborted();
        return unanswered(limited.signal.aborted ? "timeout" : outcomeOf(error));
      });
      const durationMs = Math.round(performance.now() - startedMs);
      return { ...answer, durationMs, phases: phasesOf(bytes) };
    },
    [Symbol.asyncDispose]: () => agent.destroy(),
  };
}

/**
 * A signal that aborts with `signal`, or after `ms` unless it is disposed before. `AbortSignal.timeout` would
 * keep a timer for each attempt that has long ended.
 */
function limit(signal: AbortSignal, ms: number): Disposable & { signal: AbortSignal } {
  const controller = new AbortController();
  const abort = () => controller.abort();
  const timer = setTimeout(abort, ms);
  signal.addEventListener("abort", abort);
  if (signal.aborted) abort();
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    },
  };
}

type Reply = Omit<Answer, "durationMs" | "phases">;

/** Redirects are not followed: `request` of undici never does. */
async function post(
  agent: Agent,
  { url, headers, bytes }: WebhookRequest & { bytes: Buffer },
  signal: AbortSignal,
): Promise<Reply> {
  const response = await request(url, { method: "POST", dispatcher: agent, headers, body: bytes, signal });
  const { statusCode } = response;
  const retryAfter = response.headers["retry-after"];
  return {
    outcome: statusCode >= 200 && statusCode < 300 ? "ok" : "http",
    statusCode,
    retryAfterMs: parseRetryAfter(typeof retryAfter === "string" ? retryAfter : undefined, Date.now()),
    responseStart: await readStart(response.body),
  };
}

/** The status is the answer: a body that breaks off or drips changes nothing but what is kept of it. */
async function readStart(body: Dispatcher.ResponseData["body"]): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      bytes += chunk.length;
      // Leaving the loop destroys the body, and the connection with it.
      if (bytes >= RESPONSE_BYTES_MAX) break;
    }
  } catch {
    // See above.
  }
  return Buffer.concat(chunks).subarray(0, RESPONSE_BYTES_MAX).toString("utf8");
}

function unanswered(outcome: Outcome): Reply {
  return { outcome, statusCode: null, retryAfterMs: null, responseStart: null };
}

const outcomes: Readonly<Record<string, Outcome>> = {
  EMFILE: "egress",
  ENFILE: "egress",
  ENOBUFS: "egress",
  AddressBlocked: "blocked",
  NameUnresolved: "dns",
  ECONNREFUSED: "connect",
  EHOSTUNREACH: "connect",
  ENETUNREACH: "connect",
  EADDRNOTAVAIL: "connect",
  EACCES: "connect",
  EPERM: "connect",
  ETIMEDOUT: "connect",
  UND_ERR_CONNECT_TIMEOUT: "connect",
  EPROTO: "tls",
};

/** The kind of a failure without an answer, by the error's name or code. */
export function outcomeOf(error: unknown): Outcome {
  if (!(error instanceof Error)) return "broken";
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  if (/^(ERR_TLS|ERR_SSL|CERT_|UNABLE_TO|DEPTH_ZERO|SELF_SIGNED)/.test(code)) return "tls";
  if (error.cause instanceof Error && isNameServerAway(error.cause)) return "egress";
  return outcomes[error.name] ?? outcomes[code] ?? "broken";
}

/** Of a lookup: the name servers of this side refuse or cannot be reached, whatever the name is. */
function isNameServerAway(error: Error): boolean {
  return "code" in error && error.code === CONNREFUSED;
}
