import { newId } from "@waybill/mongo/ids.ts";
import type { ReplaceLinesRequest, ReplaceLinesResponse } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { changeLines } from "../stock/booking.ts";
import type { LineItemsContext } from "../context.ts";
import { replaceLines as replace, toOrderLines } from "../order-lines.ts";
import { isBackordered } from "../stock/allocation.ts";
import { takeSkusOfLines } from "../sku-store.ts";

export async function replaceLines(
  context: LineItemsContext,
  request: ReplaceLinesRequest,
  { tenantId, traceparent, deadline }: Call,
): Promise<ReplaceLinesResponse> {
  const skus = await takeSkusOfLines(context, tenantId, request.line_items);
  const newIds = request.line_items.map(() => newId());
  const name = { tenantId, orderId: request.order_id! };
  const change = { traceparent, deadline, terms: request.terms };
  const { lines, stock } = await changeLines(context, name, change, (current) =>
    replace(current, request, newIds, skus),
  );
  return {
    lines: toOrderLines(lines),
    backordered: stock ? isBackordered(stock) : false,
    shorts: stock?.shorts ?? [],
  };
}
