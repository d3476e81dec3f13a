import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { AttemptTimeoutError, ConnectionError, UnexpectedAnswerError, type Problem } from "./errors.ts";
import { Api } from "./gen/api.ts";
import { toApiError } from "./gen/errors.ts";
import { toSearch, type ApiRequest, type CallOptions } from "./request.ts";
import { retryAfterMs, waitBeforeRetry } from "./retry.ts";

/** What a client needs. */
export interface WaybillOptions {
  /** Where the API is, such as `https://api.example.com`. */
  url: string;
  /** The key of your tenant. */
  key: string;
  /** How long one attempt may take, in milliseconds; default 20,000, five more than the API gives itself. */
  timeoutMs?: number;
  /** How often a call that failed in a way that may pass is sent again; default 4. */
  retries?: number;
  /** Sends requests; default: the global `fetch`. */
  fetch?: typeof fetch;
  /** Is told of every attempt, for your logs and metrics. */
  onAttempt?: (attempt: Attempt) => void;
}

/** One attempt of a call. */
export interface Attempt {
  verb: string;
  path: string;
  /** From 1. */
  number: number;
  /** Null if there was no answer. */
  status: number | null;
  /** The id that the API gave the request; null if there was no answer. */
  requestId: string | null;
  durationMs: number;
}

const TIMEOUT_MS = 20_000;
const RETRIES = 4;

/**
 * Waybill's REST API. Every call that fails in a way that may pass (429, 503, no answer) is sent again after
 * the wait that the API asks for; a POST with the same Idempotency-Key, so that it is done once.
 */
export class Waybill extends Api {
  readonly #options: WaybillOptions;
  readonly #base: string;

  constructor(options: WaybillOptions) {
    super();
    this.#options = options;
    this.#base = new URL(options.url).href.replace(/\/+$/, "");
    if (!/^[!-~]+$/.test(options.key)) throw new TypeError("the key must be visible ASCII characters");
  }

  protected override async send<Answer>(request: ApiRequest, options: CallOptions): Promise<Answer> {
    const headers = this.#headers(request, options);
    const body = request.body === undefined ? null : JSON.stringify(request.body);
    const retries = options.retries ?? this.#options.retries ?? RETRIES;
    for (let number = 1; ; number += 1) {
      try {
        return await this.#attempt<Answer>(request, { headers, body, number }, options);
      } catch (error) {
        options.signal?.throwIfAborted();
        const waitMs = number > retries ? null : waitBeforeRetry(error, number, Math.random());
        if (waitMs === null) throw error;
        await delay(waitMs, undefined, options.signal ? { signal: options.signal } : {}).catch(() =>
          options.signal?.throwIfAborted(),
        );
      }
    }
  }

  #headers({ verb, body }: ApiRequest, { idempotencyKey, ifMatch }: CallOptions): Record<string, string> {
    return {
      authorization: `Bearer ${this.#options.key}`,
      accept: "application/json, application/problem+json",
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      // The other verbs are repeatable by themselves.
      ...(verb === "POST" ? { "idempotency-key": idempotencyKey ?? randomUUID() } : {}),
      ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
    };
  }

  async #attempt<Answer>(
    { verb, path, query }: ApiRequest,
    { headers, body, number }: { headers: Record<string, string>; body: string | null; number: number },
    options: CallOptions,
  ): Promise<Answer> {
    const startedAt = performance.now();
    let response: Response | null = null;
    try {
      const timeout = AbortSignal.timeout(options.timeoutMs ?? this.#options.timeoutMs ?? TIMEOUT_MS);
      const signal = options.signal ? AbortSignal.any([options.signal, timeout]) : timeout;
      const init = { method: verb, headers, body, signal, redirect: "error" as const };
      response = await (this.#options.fetch ?? fetch)(this.#base + path + toSearch(query), init);
      const text = await response.text();
      options.onResponse?.({ status: response.status, headers: response.headers });
      return answerOf<Answer>(response, text);
    } catch (error) {
      throw toConnectionError(error, `${verb} ${path}`);
    } finally {
      const [status, requestId] = [response?.status ?? null, response?.headers.get("x-request-id") ?? null];
      const durationMs = performance.now() - startedAt;
      this.#options.onAttempt?.({ verb, path, number, status, requestId, durationMs });
    }
  }
}

/** Throws the problem that was answered. */
function answerOf<Answer>(response: Response, text: string): Answer {
  const waitMs = retryAfterMs(response.headers.get("retry-after"), Date.now());
  const body = text === "" ? undefined : parsed(text);
  if (response.ok && (text === "" || body !== undefined)) return body as Answer;
  if (isProblem(body)) throw toApiError(body, waitMs);
  throw new UnexpectedAnswerError(response.status, waitMs, "the answer is not one of Waybill's API");
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "code" in body && "detail" in body && "status" in body;
}

/** What `fetch` rejects with, as an error of this client; its own errors as they are. */
function toConnectionError(error: unknown, what: string): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === "TimeoutError")
    return new AttemptTimeoutError(`${what}: no answer in time`, { cause: error });
  // `fetch` rejects with a TypeError, whose cause says what the network did.
  if (!(error instanceof TypeError)) return error;
  const cause = error.cause instanceof Error && "code" in error.cause ? ` (${String(error.cause.code)})` : "";
  return new ConnectionError(`${what}: no answer${cause}`, { cause: error });
}
