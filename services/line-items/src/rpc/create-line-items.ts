import { DomainError } from "@waybill/errors/domain-error.ts";
import type {
  CreateLineItemsRequest,
  CreateLineItemsResponse,
  LinesResult,
  OrderLines,
} from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { LineItemsContext } from "../context.ts";
import type { KnownSkus } from "../line.ts";
import { createOrderLines, type OrderLinesDocument } from "../order-lines.ts";
import { findSkusOfLines, insertOrderLines, takeSkusOfLines } from "../store.ts";

export async function createLineItems(
  context: LineItemsContext,
  { orders, plan_only }: CreateLineItemsRequest,
  call: Call,
): Promise<CreateLineItemsResponse> {
  const lines = orders.flatMap(({ line_items }) => line_items);
  const skus = await (plan_only ? findSkusOfLines : takeSkusOfLines)(context, call.tenantId, lines);
  const now = new Date().toISOString();
  const decided = orders.map(
    (order, index) => call.failures.get(index) ?? decide(call.tenantId, order, skus, now),
  );
  const good = decided.filter((lines): lines is OrderLinesDocument => !(lines instanceof DomainError));
  if (!plan_only) await insertOrderLines(context, good);
  return { results: decided.map(toResult) };
}

function decide(
  tenantId: string,
  order: OrderLines,
  skus: KnownSkus,
  now: string,
): OrderLinesDocument | DomainError {
  try {
    return createOrderLines(tenantId, order, skus, now);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

function toResult(decided: OrderLinesDocument | DomainError): LinesResult {
  if (!(decided instanceof DomainError)) return { code: null, reason: null, pointer: null };
  return { code: decided.code, reason: decided.message, pointer: decided.violations[0]?.pointer ?? null };
}
