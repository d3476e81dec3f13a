import { expect, test } from "vitest";
import { catalogue, grpcStatus, isErrorCode } from "./catalogue.ts";
import { DomainError, unavailable } from "./domain-error.ts";

const rows = Object.entries(catalogue);
/** Those that the design's section on REST lists. */
const httpStatuses = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 429, 431, 500, 503];

function codesWhere(wrong: (row: (typeof rows)[number][1], code: string) => boolean): string[] {
  return rows.filter(([code, row]) => wrong(row, code)).map(([code]) => code);
}

test("every code has an HTTP status that the docs list", () => {
  expect(rows.length).toBeGreaterThan(0);
  expect(codesWhere(({ http }) => !httpStatuses.includes(http))).toEqual([]);
});

test("every code has a gRPC status with its public number", () => {
  expect(grpcStatus).toEqual({
    INVALID_ARGUMENT: 3,
    DEADLINE_EXCEEDED: 4,
    NOT_FOUND: 5,
    ALREADY_EXISTS: 6,
    PERMISSION_DENIED: 7,
    RESOURCE_EXHAUSTED: 8,
    FAILED_PRECONDITION: 9,
    ABORTED: 10,
    UNIMPLEMENTED: 12,
    INTERNAL: 13,
    UNAVAILABLE: 14,
    UNAUTHENTICATED: 16,
  });
  expect(codesWhere(({ grpc }) => !Object.hasOwn(grpcStatus, grpc))).toEqual([]);
});

test("the gRPC and the HTTP status of a code tell the same", () => {
  const httpByGrpc: Record<keyof typeof grpcStatus, number[]> = {
    INVALID_ARGUMENT: [400, 415, 422],
    DEADLINE_EXCEEDED: [503],
    NOT_FOUND: [404],
    ALREADY_EXISTS: [409],
    PERMISSION_DENIED: [403],
    RESOURCE_EXHAUSTED: [413, 429, 431],
    FAILED_PRECONDITION: [409, 412],
    ABORTED: [409],
    UNIMPLEMENTED: [404, 405],
    INTERNAL: [500],
    UNAVAILABLE: [503],
    UNAUTHENTICATED: [401],
  };
  expect(codesWhere(({ grpc, http }) => !httpByGrpc[grpc].includes(http))).toEqual([]);
});

test("codes are in capitals", () => {
  expect(codesWhere((_, code) => !/^[A-Z]+(_[A-Z]+)*$/.test(code))).toEqual([]);
});

test("a title is a sentence without its full stop; it starts with a capital, or with a field's name", () => {
  expect(codesWhere(({ title }) => !/^([A-Z]|[a-z]+_)\S* .*\w$/.test(title))).toEqual([]);
  const titles = rows.map(([, { title }]) => title);
  expect(titles).toEqual([...new Set(titles)]);
});

test("an action is one or more sentences that say what the caller can do", () => {
  expect(codesWhere(({ action }) => !/^[A-Z]\w+ .*[^.]\.$/.test(action))).toEqual([]);
});

test("only a code of the catalogue is one, not what objects have anyway", () => {
  for (const [code] of rows) expect(isErrorCode(code)).toBe(true);
  for (const text of ["", "order_not_found", "toString", "constructor", "__proto__"]) {
    expect(isErrorCode(text)).toBe(false);
  }
});

test("a refusal without a sentence says its code's title", () => {
  for (const code of rows.map(([name]) => name).filter(isErrorCode)) {
    expect(new DomainError(code).message).toBe(catalogue[code].title);
  }
});

test("a dependency that does not answer is a reason to come back later", () => {
  const cause = new Error("refused");
  const refusal = unavailable("the database does not answer", cause);
  expect(catalogue[refusal.code].http).toBe(503);
  expect(refusal.retryAfterMs).toBeGreaterThan(0);
  expect(refusal.cause).toBe(cause);
});
