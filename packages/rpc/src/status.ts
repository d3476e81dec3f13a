import { Metadata, status, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { catalogue, grpcStatus, isErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, unavailable, type Violation } from "@waybill/errors/domain-error.ts";
import { BadRequest, ErrorInfo, RetryInfo } from "@waybill/proto/google/rpc/error_details.ts";
import { Status } from "@waybill/proto/google/rpc/status.ts";

const DETAILS_KEY = "grpc-status-details-bin";
const TYPE_PREFIX = "type.googleapis.com/google.rpc.";
// grpc-js refuses header blocks that are much larger than this.
const DETAILS_BYTES_MAX = 6_000;

/** Recognizes a storage's failures: a DomainError to answer with, or null. */
export type Translate = (error: unknown) => DomainError | null;

/** The refusal that something thrown stands for; INTERNAL if nobody foresaw it. */
export function toRefusal(thrown: unknown, translate: Translate): DomainError {
  if (thrown instanceof DomainError) return thrown;
  return translate(thrown) ?? new DomainError("INTERNAL", undefined, { cause: thrown });
}

/** A refusal as a gRPC status, with google.rpc details (google.aip.dev/193). */
export function toStatus(error: DomainError): StatusObject {
  const code = grpcStatus[catalogue[error.code].grpc];
  const metadata = new Metadata();
  metadata.set(DETAILS_KEY, encodeDetails(code, error));
  // A service that answers has tried already: its callers must not multiply the tries (gRFC A6, pushback).
  if (code === status.UNAVAILABLE) metadata.set("grpc-retry-pushback-ms", "-1");
  return { code, details: error.message, metadata };
}

/** What a failed call says: the refusal that the peer sent, or that the peer does not answer. */
export function fromServiceError(error: ServiceError, peer: string): DomainError {
  const encoded = error.metadata?.get(DETAILS_KEY)[0];
  const sent = encoded instanceof Buffer ? readDetails(encoded) : null;
  if (sent) return sent;
  if (error.code === status.UNAVAILABLE || isBrokenOff(error))
    return unavailable(`the ${peer} service does not answer`, error);
  if (error.code === status.DEADLINE_EXCEEDED || error.code === status.CANCELLED) {
    return new DomainError("DEADLINE_EXCEEDED", `the ${peer} service did not answer in time`, {
      retryAfterMs: 1_000,
    });
  }
  if (error.code === status.RESOURCE_EXHAUSTED) {
    return new DomainError("BODY_TOO_LARGE", `the message is too large for the ${peer} service`);
  }
  return new DomainError("INTERNAL", undefined, { cause: error });
}

/** The peer died while it worked on the call: grpc-js calls that INTERNAL, by these words only. */
function isBrokenOff({ code, details }: ServiceError): boolean {
  return code === status.INTERNAL && details.startsWith("Received RST_STREAM");
}

function encodeDetails(code: number, error: DomainError): Buffer {
  const info = ErrorInfo.encode({ reason: error.code, domain: "waybill", metadata: {} }).finish();
  const details = [{ type_url: `${TYPE_PREFIX}ErrorInfo`, value: Buffer.from(info) }];
  const violations = fitting(error.violations);
  if (violations.length > 0) {
    const field_violations = violations.map(({ pointer, detail, code: reason }) => ({
      field: pointer,
      description: detail,
      reason,
    }));
    const value = Buffer.from(BadRequest.encode({ field_violations }).finish());
    details.push({ type_url: `${TYPE_PREFIX}BadRequest`, value });
  }
  if (error.retryAfterMs !== null) {
    const retry_delay = {
      seconds: Math.floor(error.retryAfterMs / 1000),
      nanos: (error.retryAfterMs % 1000) * 1e6,
    };
    details.push({
      type_url: `${TYPE_PREFIX}RetryInfo`,
      value: Buffer.from(RetryInfo.encode({ retry_delay }).finish()),
    });
  }
  return Buffer.from(Status.encode({ code, message: error.message, details }).finish());
}

/** As many violations as the header has room for. */
function fitting(violations: readonly Violation[]): Violation[] {
  let bytes = 0;
  return violations.filter((violation) => {
    bytes += Buffer.byteLength(violation.pointer + violation.detail + violation.code) + 8;
    return bytes <= DETAILS_BYTES_MAX;
  });
}

/** The refusal in the details; null if they are not of Waybill's making. */
function readDetails(encoded: Buffer): DomainError | null {
  try {
    return decodeDetails(encoded);
  } catch {
    return null;
  }
}

function decodeDetails(encoded: Buffer): DomainError | null {
  const { message, details } = Status.decode(encoded);
  let code: string | null = null;
  let violations: Violation[] = [];
  let retryAfterMs: number | null = null;
  for (const { type_url, value } of details) {
    if (type_url === `${TYPE_PREFIX}ErrorInfo`) code = ErrorInfo.decode(value).reason;
    if (type_url === `${TYPE_PREFIX}BadRequest`)
      violations = BadRequest.decode(value).field_violations.map(toViolation);
    if (type_url === `${TYPE_PREFIX}RetryInfo`) {
      const delay = RetryInfo.decode(value).retry_delay;
      retryAfterMs = (delay?.seconds ?? 0) * 1000 + Math.round((delay?.nanos ?? 0) / 1e6);
    }
  }
  if (code === null || !isErrorCode(code)) return null;
  return new DomainError(code, message, { violations, ...(retryAfterMs === null ? {} : { retryAfterMs }) });
}

function toViolation(sent: { field: string; description: string; reason: string }): Violation {
  const code = isErrorCode(sent.reason) ? sent.reason : "INVALID_REQUEST";
  return { pointer: sent.field, code, detail: sent.description };
}
