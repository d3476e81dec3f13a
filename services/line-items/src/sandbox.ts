import { DomainError } from "@waybill/errors/domain-error.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import type { SandboxUnits } from "@waybill/proto/line_items/v1/stock_sandbox.ts";
import { batchResponse, recordOutcome, type BatchResponse } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "./context.ts";
import { recordFacility } from "./stock/facility.ts";
import type { SkuDocument } from "./sku.ts";
import { changeFacility } from "./stock/stock-store.ts";
import { getNamedSku } from "./sku-store.ts";

const COUNTRY_DEFAULT = "US";

/**
 * Works on the records of a sandbox's call one after the other; each fails alone. `work` answers the id that
 * the result shows. Throws `SANDBOX_ONLY`.
 */
export async function sandboxBatch(
  context: LineItemsContext,
  call: Call,
  records: readonly SandboxUnits[],
  work: (sku: SkuDocument, record: SandboxUnits, requestId: string) => Promise<string>,
): Promise<BatchResponse> {
  if (!context.sandbox) throw new DomainError("SANDBOX_ONLY");
  const results: RecordResult[] = [];
  for (const [index, record] of records.entries()) {
    const name = record.sku_customer_id ?? null;
    const result = await recordOutcome(index, name, call.failures.get(index), async () => {
      const sku = await getNamedSku(context, call.tenantId, record);
      return work(sku, record, `sandbox/${call.requestId}/${index}`);
    });
    results.push(result);
  }
  return batchResponse(results);
}

/** Makes a facility that is not there yet; one that is stays as it is. */
export async function ensureFacility(
  context: LineItemsContext,
  { tenantId, traceparent }: Call,
  id: string,
): Promise<void> {
  await changeFacility(
    context,
    tenantId,
    id,
    (facility) =>
      facility.version === 1
        ? recordFacility(facility, { country_code: COUNTRY_DEFAULT, name: id })
        : { state: facility, events: [] },
    traceparent,
  );
}
