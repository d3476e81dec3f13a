import { DomainError } from "@waybill/errors/domain-error.ts";
import { newId } from "@waybill/mongo/ids.ts";
import type { ReplaceLinesRequest, ReplaceLinesResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { replaceLines as replace, toOrderLines } from "../order-lines.ts";
import { findSkusOfLines, updateOrderLines } from "../store.ts";

export async function replaceLines(
  context: LineItemsContext,
  request: ReplaceLinesRequest,
  { tenantId, traceparent }: Call,
): Promise<ReplaceLinesResponse> {
  const skus = await findSkusOfLines(context, tenantId, request.line_items);
  const newIds = request.line_items.map(() => newId());
  const lines = await updateOrderLines(
    context,
    tenantId,
    request.order_id!,
    (current) => replace(current, request, newIds, skus),
    traceparent,
  );
  if (lines === null) throw new DomainError("ORDER_NOT_FOUND");
  return { lines: toOrderLines(lines) };
}
