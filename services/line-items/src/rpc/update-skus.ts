import { fingerprint } from "@waybill/events/fingerprint.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { UpdateSkusRequest, UpdateSkusResponse } from "@waybill/proto/line_items/v1/skus.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { replaceSkus } from "../sku-store.ts";

export async function updateSkus(
  context: LineItemsContext,
  { skus }: UpdateSkusRequest,
  { tenantId, traceparent, failures }: Call,
): Promise<UpdateSkusResponse> {
  const valid = skus.filter((_, index) => !failures.has(index));
  const replacements = new Map(
    valid.map((record) => [record.customer_identifier!, { record, fingerprint: fingerprint(record) }]),
  );
  const ids = await replaceSkus(context, tenantId, replacements, traceparent);
  const results = skus.map(({ customer_identifier: name = null }, index) => {
    const id = ids.get(name ?? "");
    const refusal = failures.get(index) ?? (id === undefined ? new DomainError("SKU_NOT_FOUND") : null);
    return refusal ? recordFailed(index, name, refusal) : recordSuccess(index, id!, name);
  });
  return batchResponse(results);
}
