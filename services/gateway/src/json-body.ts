import { MIMEType } from "node:util";
import { DomainError } from "@waybill/errors/domain-error.ts";
import express from "express";
import type { Handler } from "./exchange.ts";
import { RestRefusal } from "./places.ts";

/**
 * Objects and lists of one body: more than a full batch needs, and few enough that parsing, checking and
 * encoding them holds up other requests for milliseconds, not seconds.
 */
const NODES_MAX = 250_000;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * Reads a JSON body into `request.body`, at most `bytesMax` of it, decompressed if need be. Refuses with
 * INVALID_REQUEST (no body), UNSUPPORTED_MEDIA_TYPE, BODY_TOO_LARGE and MALFORMED_JSON.
 */
export function readJson(bytesMax: number): Handler[] {
  // The limit holds for the decompressed bytes.
  return [requireJson, express.raw({ limit: bytesMax, type: () => true }), parseBody];
}

/**
 * The value of JSON bytes. Refuses with BODY_TOO_LARGE for too many objects and lists, and MALFORMED_JSON,
 * which tells a position at most, never the text.
 */
export function parseJson(bytes: Uint8Array): unknown {
  if (countNodes(bytes) > NODES_MAX) {
    throw new DomainError("BODY_TOO_LARGE", `the body holds more than ${NODES_MAX} objects and lists`);
  }
  try {
    return JSON.parse(utf8.decode(bytes)) as unknown;
  } catch (error) {
    throw new DomainError("MALFORMED_JSON", malformation(error));
  }
}

const requireJson: Handler = (request, _response, next) => {
  const { "content-type": type, "content-length": length, "transfer-encoding": transfer } = request.headers;
  if (transfer === undefined && Number(length ?? 0) === 0) throw noBody();
  if (!isJson(type)) {
    throw new DomainError("UNSUPPORTED_MEDIA_TYPE", "the Content-Type must be application/json, in UTF-8");
  }
  next();
};

const parseBody: Handler = (request, _response, next) => {
  const bytes = request.body;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) throw noBody();
  request.body = parseJson(bytes);
  next();
};

function countNodes(bytes: Uint8Array): number {
  let nodes = 0;
  for (const byte of bytes) if (byte === OPEN_BRACE || byte === OPEN_BRACKET) nodes += 1;
  return nodes;
}

function noBody(): DomainError {
  const place = { pointer: "", code: "REQUIRED", detail: "a body is required" } as const;
  return new RestRefusal("INVALID_REQUEST", place.detail, [place]);
}

function isJson(contentType: string | undefined): boolean {
  try {
    const { essence, params } = new MIMEType(contentType ?? "");
    return essence === "application/json" && (params.get("charset") ?? "utf-8").toLowerCase() === "utf-8";
  } catch {
    return false;
  }
}

function malformation(error: unknown): string {
  if (!(error instanceof SyntaxError)) return "the body is not UTF-8";
  const position = / at position (\d+) \(line \d+ column \d+\)$/.exec(error.message)?.[1];
  return position === undefined
    ? "the body is not JSON"
    : `the body is not JSON from character ${position} on`;
}
