import { catalogue, type ErrorCode } from "./catalogue.ts";

/** One place of a request or record that breaks a rule. */
export interface Violation {
  /** A JSON pointer (RFC 6901) into the request, or into the record of a batch; "" is the whole. */
  pointer: string;
  code: ErrorCode;
  /** What is wrong, for the caller: never holds the value itself, which may be personal data. */
  detail: string;
}

/** What a DomainError carries besides its code and sentence. */
interface ErrorFacts {
  violations?: readonly Violation[];
  /** Wait at least this long before a repeat. */
  retryAfterMs?: number;
  cause?: unknown;
}

/** A refusal that explains itself: a code of the catalogue and a sentence for the caller. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly violations: readonly Violation[];
  readonly retryAfterMs: number | null;

  constructor(code: ErrorCode, detail: string = catalogue[code].title, facts: ErrorFacts = {}) {
    super(detail, { cause: facts.cause });
    this.name = "DomainError";
    this.code = code;
    this.violations = facts.violations ?? [];
    this.retryAfterMs = facts.retryAfterMs ?? null;
  }
}

/** A refusal of one place of a request. */
export function refusalAt(pointer: string, code: ErrorCode, detail: string): DomainError {
  return new DomainError(code, undefined, { violations: [{ pointer, code, detail }] });
}

/** The same with the place's sentence as that of the whole. */
export function refusalOf(pointer: string, code: ErrorCode, detail: string): DomainError {
  return new DomainError(code, detail, { violations: [{ pointer, code, detail }] });
}

/** INVALID_REQUEST for the sake of one place, which has a code of its own. */
export function invalidAt(pointer: string, code: ErrorCode, detail: string): DomainError {
  return new DomainError("INVALID_REQUEST", undefined, { violations: [{ pointer, code, detail }] });
}

/** A dependency does not answer: the caller may repeat in `retryAfterMs`. */
export function unavailable(detail: string, cause?: unknown): DomainError {
  return new DomainError("DEPENDENCY_UNAVAILABLE", detail, { retryAfterMs: 2_000, cause });
}

/** Whether an error leaves open what became of the call: it failed and was not refused. */
export function isOutcomeUnknown(error: unknown): boolean {
  return !(error instanceof DomainError) || catalogue[error.code].http >= 500;
}

/** Whether something else that is under way stands against it: the same may succeed a moment later. */
export function isConflict(error: unknown): boolean {
  return error instanceof DomainError && catalogue[error.code].grpc === "ABORTED";
}

/** Whether an error says that a dependency is down or too slow: nothing is known then, and a repeat may help. */
export function isDependencyDown(error: unknown): boolean {
  return error instanceof DomainError && catalogue[error.code].http === 503;
}
