import { Metadata, status, type ServiceError, type StatusObject } from "@grpc/grpc-js";
import { catalogue, grpcStatus, isErrorCode, type ErrorCode } from "@waybill/errors/catalogue.ts";
import { DomainError, type Violation } from "@waybill/errors/domain-error.ts";
import { ErrorInfo } from "@waybill/proto/google/rpc/error_details.ts";
import { Status } from "@waybill/proto/google/rpc/status.ts";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { fromServiceError, toStatus } from "./status.ts";

const detailsKey = "grpc-status-details-bin";
/** What a gRPC client of another language may take as the metadata of one answer. */
const HEADER_BYTES_MAX = 16_384;

const codes = fc.constantFrom(...Object.keys(catalogue).filter(isErrorCode));
const texts = fc.string({ unit: "grapheme", maxLength: 20 });
const violationLists = fc.array(
  fc.record<Violation>({ pointer: texts.map((text) => `/${text}`), code: codes, detail: texts }),
  { maxLength: 5 },
);

/** What grpc-js hands to the caller for a status that a server sent. */
function received({ code, details, metadata }: StatusObject): ServiceError {
  return Object.assign(new Error(`${code} ${details}`), { code, details, metadata });
}

function detailsOf(error: DomainError): Buffer {
  return toStatus(error).metadata.get(detailsKey)[0] as Buffer;
}

function failure(code: number, encoded?: Uint8Array): ServiceError {
  const metadata = new Metadata();
  if (encoded) metadata.set(detailsKey, Buffer.from(encoded));
  return received({ code, details: "secret: 10.0.0.7 refused", metadata });
}

function unknownCode(reason: string): Uint8Array {
  const value = Buffer.from(ErrorInfo.encode({ reason, domain: "waybill", metadata: {} }).finish());
  const details = [{ type_url: "type.googleapis.com/google.rpc.ErrorInfo", value }];
  return Status.encode({ code: 9, message: "secret", details }).finish();
}

test("a refusal arrives as it was thrown", () => {
  const waits = fc.option(fc.nat(100_000_000));
  fc.assert(
    fc.property(codes, texts, violationLists, waits, (code, detail, violations, ms) => {
      const wait = ms === null ? {} : { retryAfterMs: ms };
      const arrived = fromServiceError(
        received(toStatus(new DomainError(code, detail, { violations, ...wait }))),
        "x",
      );
      expect(arrived).toBeInstanceOf(DomainError);
      expect(arrived).toMatchObject({ code, message: detail, violations, retryAfterMs: ms });
    }),
  );
});

test("every code travels under the gRPC status of the catalogue", () => {
  for (const code of Object.keys(catalogue).filter(isErrorCode)) {
    expect(toStatus(new DomainError(code)).code).toBe(grpcStatus[catalogue[code].grpc]);
  }
});

describe("violations are cut to what a header holds, the first ones stay", () => {
  it.each([
    ["ASCII", "x"],
    ["characters of three bytes", "€"],
  ])("%s", (_, character) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (length) => {
        const violations = Array.from({ length: 200 }, (__, index): Violation => {
          return { pointer: `/${index}`, code: "BAD_FORMAT", detail: character.repeat(length) };
        });
        const error = new DomainError("INVALID_REQUEST", undefined, { violations });
        const arrived = fromServiceError(received(toStatus(error)), "x").violations;
        expect(arrived.length).toBeGreaterThan(0);
        expect(arrived).toEqual(violations.slice(0, arrived.length));
        expect(detailsOf(error).toString("base64").length).toBeLessThan(HEADER_BYTES_MAX);
      }),
    );
  });
});

test("violations that fit are all sent", () => {
  const violations = Array.from({ length: 100 }, (_, index) => {
    return { pointer: `/${index}`, code: "REQUIRED" as const, detail: "is required" };
  });
  const arrived = fromServiceError(
    received(toStatus(new DomainError("INVALID_REQUEST", undefined, { violations }))),
    "x",
  );
  expect(arrived.violations).toEqual(violations);
});

describe("a failure without details is told by its status, never by its text", () => {
  it.each<[name: keyof typeof status, code: ErrorCode]>([
    ["UNAVAILABLE", "DEPENDENCY_UNAVAILABLE"],
    ["DEADLINE_EXCEEDED", "DEADLINE_EXCEEDED"],
    ["CANCELLED", "DEADLINE_EXCEEDED"],
    ["RESOURCE_EXHAUSTED", "BODY_TOO_LARGE"],
    ["INTERNAL", "INTERNAL"],
    ["UNKNOWN", "INTERNAL"],
    ["UNIMPLEMENTED", "INTERNAL"],
    ["NOT_FOUND", "INTERNAL"],
    ["DATA_LOSS", "INTERNAL"],
  ])("%s is %s", (name, code) => {
    const refusal = fromServiceError(failure(status[name]), "orders");
    expect(refusal.code).toBe(code);
    expect(refusal.message).not.toContain("secret");
  });
});

test("a peer that does not answer is named, with a time to come back", () => {
  for (const code of [status.UNAVAILABLE, status.DEADLINE_EXCEEDED]) {
    const refusal = fromServiceError(failure(code), "line-items");
    expect(refusal.message).toContain("line-items");
    expect(refusal.retryAfterMs).toBeGreaterThan(0);
  }
});

test("a peer that died in the middle of a call does not answer", () => {
  const details = "Received RST_STREAM with code 0 (Call ended without gRPC status)";
  const refusal = fromServiceError(Object.assign(failure(status.INTERNAL), { details }), "orders");
  expect(refusal.code).toBe("DEPENDENCY_UNAVAILABLE");
});

test("a code of a newer catalogue is INTERNAL, without its text", () => {
  for (const reason of ["ORDER_ON_FIRE", "", "toString"]) {
    const refusal = fromServiceError(failure(status.FAILED_PRECONDITION, unknownCode(reason)), "orders");
    expect(refusal.code).toBe("INTERNAL");
    expect(refusal.message).not.toContain("secret");
  }
});

test("a violation's code of a newer catalogue leaves the violation", () => {
  const violation = { pointer: "/x", code: "ORDER_ON_FIRE" as ErrorCode, detail: "burns" };
  const arrived = fromServiceError(
    received(toStatus(new DomainError("INVALID_REQUEST", "x", { violations: [violation] }))),
    "x",
  );
  expect(arrived.violations).toEqual([{ pointer: "/x", code: "INVALID_REQUEST", detail: "burns" }]);
});

test("details that cannot be read are INTERNAL, and nothing is thrown", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 20 }), (garbage) => {
      expect(fromServiceError(failure(status.NOT_FOUND, garbage), "orders").code).toBe("INTERNAL");
    }),
  );
});
