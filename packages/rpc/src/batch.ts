import { DomainError, isOutcomeUnknown } from "@waybill/errors/domain-error.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";

/** The answer of a batch endpoint. */
export interface BatchResponse<Result = RecordResult> {
  records_submitted: number;
  records_processed: number;
  records_failed: number;
  records_succeeded: number;
  results: Result[];
}

/** The result of a record that is there now, under `systemId`; null where it only would be. */
export function recordSuccess(
  index: number,
  systemId: string | null,
  customerIdentifier: string | null,
  warnings: string[] = [],
): RecordResult {
  return {
    index,
    system_id: systemId,
    customer_identifier: customerIdentifier,
    status: "success",
    code: null,
    reason: null,
    pointer: null,
    warnings,
  };
}

/** The result of a record that was refused: its code, its sentence, and the first place that is wrong. */
export function recordFailed(
  index: number,
  customerIdentifier: string | null,
  refusal: DomainError,
): RecordResult {
  return {
    index,
    system_id: null,
    customer_identifier: customerIdentifier,
    status: "failure",
    code: refusal.code,
    reason: refusal.message,
    pointer: refusal.violations[0]?.pointer ?? null,
    warnings: [],
  };
}

/**
 * The result of a record that `work` is done for, which answers its id: unless `failure` says that the record broke
 * a rule before. What refuses it fails it alone; rejects with what is no refusal, such as a dependency that is down.
 */
export async function recordOutcome(
  index: number,
  customerIdentifier: string | null,
  failure: DomainError | undefined,
  work: () => Promise<string>,
): Promise<RecordResult> {
  if (failure) return recordFailed(index, customerIdentifier, failure);
  try {
    return recordSuccess(index, await work(), customerIdentifier);
  } catch (error) {
    if (!(error instanceof DomainError) || isOutcomeUnknown(error)) throw error;
    return recordFailed(index, customerIdentifier, error);
  }
}

/** Counts the results. Every record was processed, those that failed too. */
export function batchResponse<Result extends { status: string }>(results: Result[]): BatchResponse<Result> {
  const failed = results.filter(({ status }) => status === "failure").length;
  return {
    records_submitted: results.length,
    records_processed: results.length,
    records_failed: failed,
    records_succeeded: results.length - failed,
    results,
  };
}
