import type { DomainError } from "@waybill/errors/domain-error.ts";
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
