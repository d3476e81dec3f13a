import { changeAggregate } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { SealLinesRequest, SealLinesResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import { seal, toOrderLines } from "../order-lines.ts";
import { findAllocations } from "../stock/allocation-store.ts";
import { assertMayGo } from "../stock/allocation.ts";

export async function sealLines(
  context: LineItemsContext,
  request: SealLinesRequest,
  { tenantId, traceparent }: Call,
): Promise<SealLinesResponse> {
  const lines = await inTransaction(context.orderLines.client, async (session) => {
    const order = { _id: request.order_id!, tenant_id: tenantId };
    const [stock] = await findAllocations(context, tenantId, [order._id], session);
    if (request.unless_backordered && stock) assertMayGo(stock);
    return changeAggregate(context.orderLines, order, seal, traceparent, session);
  });
  if (lines === null) throw new DomainError("ORDER_NOT_FOUND");
  return { lines: toOrderLines(lines) };
}
