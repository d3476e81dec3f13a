import type { DescMessage } from "@bufbuild/protobuf";
import { DomainError, type Violation } from "@waybill/errors/domain-error.ts";
import { recordsField, rulesSchema } from "./rules-schema.ts";
import { checkOf } from "./schema.ts";

/** What the proto's rules say of a request. */
interface CheckedRequest {
  /** The places that refuse the whole request. */
  violations: Violation[];
  /** The records of a batch that fail, by index, each with all its violations. */
  failures: ReadonlyMap<number, DomainError>;
}

// More sentences than this make a reason unreadable.
const SENTENCES_MAX = 5;
const noFailures: ReadonlyMap<number, DomainError> = new Map();

/** The check of a request message. It puts canonical spellings into the request. */
export function requestCheck(message: DescMessage): (request: unknown) => CheckedRequest {
  const checkWhole = checkOf(() => rulesSchema(message));
  const records = recordsField(message);
  if (!records?.message) return (request) => ({ violations: checkWhole(request), failures: noFailures });
  const { name, message: recordMessage } = records;
  const checkRecord = checkOf(() => rulesSchema(recordMessage));
  return (request) => {
    const failures = new Map<number, DomainError>();
    const list = (request as Record<string, unknown[]>)[name] ?? [];
    const violations = checkWhole(request);
    if (violations.length > 0) return { violations, failures };
    list.forEach((record, index) => {
      const found = checkRecord(record);
      if (found.length > 0) failures.set(index, recordFailure(found));
    });
    return { violations, failures };
  };
}

/** One failure for all that is wrong with a record: the first place's code, and a sentence for each place. */
export function recordFailure(violations: readonly Violation[]): DomainError {
  const sentences = violations
    .slice(0, SENTENCES_MAX)
    .map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`);
  const more = violations.length - sentences.length;
  const reason = sentences.join("; ") + (more > 0 ? `; and ${more} more` : "");
  return new DomainError(violations[0]!.code, reason, { violations });
}
