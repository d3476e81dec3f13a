import { DomainError } from "@waybill/errors/domain-error.ts";
import { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import { batchResponse, recordFailed, recordSuccess } from "./batch.ts";

const refusal = new DomainError("REQUIRED", "customer_identifier is required", {
  violations: [
    { pointer: "/customer_identifier", code: "REQUIRED", detail: "is required" },
    { pointer: "/priority", code: "OUT_OF_RANGE", detail: "must be 1 or more" },
  ],
});

test("the counts add up to what was submitted, and the results keep their order", () => {
  fc.assert(
    fc.property(fc.array(fc.boolean()), (succeeded) => {
      const results = succeeded.map((good, index) =>
        good ? recordSuccess(index, `id-${index}`, null) : recordFailed(index, null, refusal),
      );
      const failed = succeeded.filter((good) => !good).length;
      expect(batchResponse(results)).toEqual({
        records_submitted: succeeded.length,
        records_processed: succeeded.length,
        records_failed: failed,
        records_succeeded: succeeded.length - failed,
        results,
      });
    }),
  );
});

test("a record that succeeded has its id and no reason", () => {
  expect(recordSuccess(3, "id-3", "A-1")).toEqual({
    index: 3,
    system_id: "id-3",
    customer_identifier: "A-1",
    status: "success",
    code: null,
    reason: null,
    pointer: null,
    warnings: [],
  });
});

test("a record that failed has a code, a sentence and the first place, and no id", () => {
  expect(recordFailed(0, null, refusal)).toEqual({
    index: 0,
    system_id: null,
    customer_identifier: null,
    status: "failure",
    code: "REQUIRED",
    reason: "customer_identifier is required",
    pointer: "/customer_identifier",
    warnings: [],
  });
});

test("a refusal without a place has the pointer null", () => {
  expect(recordFailed(0, "A-1", new DomainError("DUPLICATE_ORDER")).pointer).toBeNull();
});

test("a result is the same after the wire: null stays null", () => {
  for (const result of [recordSuccess(1, "id", null), recordFailed(2, "A-1", refusal)]) {
    expect(RecordResult.decode(RecordResult.encode(result).finish())).toEqual(result);
  }
});
