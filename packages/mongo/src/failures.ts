import { isDependencyDown, unavailable, type DomainError } from "@waybill/errors/domain-error.ts";
import {
  MongoBulkWriteError,
  MongoNetworkError,
  MongoOperationTimeoutError,
  MongoServerError,
  MongoServerSelectionError,
  MongoWriteConcernError,
} from "mongodb";
import { TRANSIENT } from "./transaction.ts";

/** Two documents with the same unique key. */
const DUPLICATE_KEY = 11_000;
/** What MongoDB answers when it cannot do for now what it can do as a rule (its error_codes.yml). */
const unavailableCodes = new Set([
  // The host is unreachable, not found, not heard of in time or cut off.
  6, 7, 89, 202, 9001,
  // Shutting down, stepping down or not primary any more.
  91, 189, 10_058, 10_107, 11_600, 11_602, 13_435, 13_436,
  // It took too long, was interrupted, or waits for what others hold.
  24, 46, 50, 262, 365, 11_601,
  // No majority or no member for what was asked.
  64, 100, 133, 134,
  // The disk is full.
  14_031,
]);

/** Whether MongoDB refused a write because a unique index has the key already. */
export function isDuplicateKey(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === DUPLICATE_KEY;
}

/** Whether an unordered insert failed for nothing but documents that are there already. */
export function isOnlyDuplicateKeys(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError)) return false;
  const failures = Array.isArray(error.writeErrors) ? error.writeErrors : [error.writeErrors];
  return failures.length > 0 && failures.every(({ code }) => code === DUPLICATE_KEY);
}

/** Whether a transaction lost against another one and may be tried again. */
export function isWriteConflict(error: unknown): boolean {
  return error instanceof MongoServerError && error.hasErrorLabel(TRANSIENT) && error.code === 112;
}

/** MongoDB being down or too slow as a refusal to answer with; null for any other error. */
export function mongoFailure(thrown: unknown): DomainError | null {
  const error = ofWholeBatch(thrown);
  const down =
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNetworkError ||
    error instanceof MongoOperationTimeoutError ||
    error instanceof MongoWriteConcernError ||
    (error instanceof MongoServerError && unavailableCodes.has(Number(error.code))) ||
    (error instanceof MongoServerError && error.hasErrorLabel(TRANSIENT));
  return down ? unavailable("the database does not answer", thrown) : null;
}

/** What kept a bulk write from being sent or answered at all: the driver has it in an error of the bulk write. */
function ofWholeBatch(thrown: unknown): unknown {
  const batch = thrown instanceof MongoBulkWriteError && (thrown.errorResponse as unknown);
  return batch instanceof Error ? batch : thrown;
}

/** Whether an error says that MongoDB or another service is down, and nothing about what was asked. */
export function isDown(error: unknown): boolean {
  return isDependencyDown(error) || mongoFailure(error) !== null;
}
