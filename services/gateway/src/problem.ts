import type { Duplex } from "node:stream";
import { catalogue, type ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { requestIdOr } from "@waybill/rpc/metadata.ts";
import type { ErrorRequestHandler } from "express";
import type { Answer, Exchange } from "./exchange.ts";
import { RestRefusal, type Place } from "./places.ts";
import { sendJson } from "./response.ts";

/** A problem details object (RFC 9457). */
export interface Problem {
  /** Where the code is explained. */
  type: string;
  title: string;
  status: number;
  code: ErrorCode;
  detail: string;
  /** What the caller can do. */
  action: string;
  request_id: string;
  errors: readonly Place[];
}

/** A refusal as a problem. INTERNAL tells nothing but the request's id. */
export function toProblem(refusal: DomainError, requestId: string): Problem {
  const { title, action, http } = catalogue[refusal.code];
  return {
    type: `/docs/errors/${refusal.code}`,
    title,
    status: http,
    code: refusal.code,
    detail: refusal.code === "INTERNAL" ? title : refusal.message,
    action,
    request_id: requestId,
    errors: refusal instanceof RestRefusal ? refusal.places : [],
  };
}

/** Answers whatever was thrown with a problem. */
export const answerProblem: ErrorRequestHandler<
  Record<string, string>,
  unknown,
  unknown,
  unknown,
  Exchange
  // Express tells an error handler by its four parameters.
> = (error: unknown, _request, response, _next) => {
  const refusal = toRefusal(error);
  response.locals.code = refusal.code;
  if (refusal.code === "INTERNAL") response.locals.fault = refusal.cause ?? error;
  if (response.headersSent) response.destroy();
  else sendProblem(response, refusal);
};

/**
 * Answers what Node cannot even read as a request: headers that are too large with a problem, anything else
 * with a bare 400, and ends the connection.
 */
export function answerUnreadable(error: Error, socket: Duplex): void {
  if (!socket.writable || ("code" in error && error.code === "ECONNRESET")) {
    socket.destroy();
    return;
  }
  if (!("code" in error && error.code === "HPE_HEADER_OVERFLOW")) {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    return;
  }
  const requestId = requestIdOr(undefined);
  const body = JSON.stringify(toProblem(new DomainError("HEADERS_TOO_LARGE"), requestId));
  const head = [
    "HTTP/1.1 431 Request Header Fields Too Large",
    "Connection: close",
    "Content-Type: application/problem+json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${requestId}`,
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

/** The refusal that an error of ours, of Express or of its body reader stands for. */
export function toRefusal(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  if (error instanceof URIError)
    return new DomainError("INVALID_REQUEST", "the path is not valid percent-encoding");
  switch (statusOf(error)) {
    case 413:
      return new DomainError("BODY_TOO_LARGE");
    case 415:
      return new DomainError(
        "UNSUPPORTED_MEDIA_TYPE",
        "the Content-Encoding must be gzip, deflate, br or none",
      );
    case 400:
      return new DomainError("MALFORMED_JSON", "the body cannot be read to its end");
    default:
      return new DomainError("INTERNAL", undefined, { cause: error });
  }
}

function sendProblem(response: Answer, refusal: DomainError): void {
  const problem = toProblem(refusal, response.locals.requestId);
  response.status(problem.status);
  if (problem.status === 401) response.setHeader("WWW-Authenticate", "Bearer");
  const retryAfter = retryAfterSeconds(refusal, problem.status);
  if (retryAfter !== null) response.setHeader("Retry-After", retryAfter);
  sendJson(response, "application/problem+json", JSON.stringify(problem));
}

function retryAfterSeconds({ retryAfterMs }: DomainError, status: number): number | null {
  if (retryAfterMs !== null) return Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return status === 503 || status === 429 ? 1 : null;
}

function statusOf(error: unknown): unknown {
  return error instanceof Error && "status" in error ? error.status : null;
}
