import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import { requestIdOr, traceparentOr, type Caller } from "@waybill/rpc/metadata.ts";
import type { RequestHandler, Response } from "express";

/** What is known of one request and its answer: `response.locals`. */
export interface Exchange extends Caller {
  /** The pattern of the path that matched; null if none did. */
  route: string | null;
  /** The code of the problem that was answered. */
  code: ErrorCode | null;
  /** What nobody foresaw, if that was the reason. */
  fault: unknown;
}

/** A request handler that knows its exchange. */
export type Handler = RequestHandler<Record<string, string>, unknown, unknown, unknown, Exchange>;

/** The answer of an exchange. */
export type Answer = Response<unknown, Exchange>;

/** Gives each request its ids, answers `X-Request-Id`, and writes one wide log line when it is over. */
export function openExchange(log: Logger): Handler {
  return (request, response, next) => {
    const started = performance.now();
    const exchange: Exchange = {
      tenantId: "",
      requestId: requestIdOr(request.get("x-request-id")),
      traceparent: traceparentOr(request.get("traceparent")),
      route: null,
      code: null,
      fault: null,
    };
    Object.assign(response.locals, exchange);
    response.setHeader("X-Request-Id", exchange.requestId);
    response.once("close", () => logExchange(log, request.method, response, performance.now() - started));
    next();
  };
}

/** Refuses requests above `max` at once with TOO_MANY_REQUESTS, before any work is put into them. */
export function limitConcurrency(max: number): Handler {
  let inWork = 0;
  return (_request, response, next) => {
    if (inWork >= max) throw new DomainError("TOO_MANY_REQUESTS", undefined, { retryAfterMs: 1_000 });
    inWork += 1;
    response.once("close", () => (inWork -= 1));
    next();
  };
}

function logExchange(log: Logger, method: string, response: Answer, elapsedMs: number): void {
  const { tenantId, requestId, traceparent, route, code, fault } = response.locals;
  log[response.statusCode >= 500 ? "error" : "info"](
    {
      method,
      route,
      status: response.statusCode,
      ...(response.writableFinished ? {} : { unanswered: true }),
      code: code ?? undefined,
      tenant_id: tenantId || undefined,
      request_id: requestId,
      traceparent,
      elapsed_ms: Math.round(elapsedMs * 10) / 10,
      bytes: response.getHeader("Content-Length"),
      ...(fault === null ? {} : errorFacts(fault)),
    },
    "http.request",
  );
}
