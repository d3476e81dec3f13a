import { DomainError } from "@waybill/errors/domain-error.ts";
import type { GetSkuRequest, GetSkuResponse } from "@waybill/proto/line_items/v1/skus.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { toSku } from "../sku.ts";
import { getSkuDocument } from "../sku-store.ts";

export async function getSku(
  context: LineItemsContext,
  request: GetSkuRequest,
  call: Call,
): Promise<GetSkuResponse> {
  const document = await getSkuDocument(context, call.tenantId, request.sku!);
  if (document === null) throw new DomainError("SKU_NOT_FOUND");
  return { sku: toSku(document) };
}
