import { DomainError } from "@waybill/errors/domain-error.ts";
import type { DeleteSkusRequest, DeleteSkusResponse } from "@waybill/proto/line_items/v1/skus.ts";
import { batchResponse, recordFailed, recordSuccess } from "@waybill/rpc/batch.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { removeSkus } from "../sku-store.ts";

export async function deleteSkus(
  context: LineItemsContext,
  { ids }: DeleteSkusRequest,
  { tenantId, traceparent }: Call,
): Promise<DeleteSkusResponse> {
  const removed = await removeSkus(context, tenantId, [...new Set(ids)], traceparent);
  const results = ids.map((id, index) => {
    const found = removed.get(id);
    return found
      ? { ...recordSuccess(index, id, found.sku.customer_identifier), outcome: found.removal }
      : { ...recordFailed(index, null, new DomainError("SKU_NOT_FOUND")), outcome: null };
  });
  return batchResponse(results);
}
