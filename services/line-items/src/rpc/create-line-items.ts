import { DomainError, refusalOf } from "@waybill/errors/domain-error.ts";
import type {
  CreateLineItemsRequest,
  CreateLineItemsResponse,
  LinesResult,
  OrderLines,
} from "@waybill/proto/line_items/v1/line_items.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { bookOrders, rehearseBooking } from "../stock/booking.ts";
import type { LineItemsContext } from "../context.ts";
import type { KnownSkus } from "../line.ts";
import { createOrderLines, type OrderLinesDocument } from "../order-lines.ts";
import { findTrackedSkus } from "../stock/allocation-store.ts";
import { toOrderAllocation, untrackedAllocation } from "../stock/allocation-view.ts";
import { isBackordered, type Bookings } from "../stock/allocation.ts";
import { findFacilityIds } from "../stock/stock-store.ts";
import { findSkusOfLines, takeSkusOfLines } from "../sku-store.ts";
import { insertOrderLines } from "../store.ts";

export async function createLineItems(
  context: LineItemsContext,
  { orders, plan_only }: CreateLineItemsRequest,
  call: Call,
): Promise<CreateLineItemsResponse> {
  const lines = orders.flatMap(({ line_items }) => line_items);
  const skus = await (plan_only ? findSkusOfLines : takeSkusOfLines)(context, call.tenantId, lines);
  const named = orders.flatMap(({ terms }) => terms?.facility_id ?? []);
  const facilities = await findFacilityIds(context, call.tenantId, named);
  const now = new Date().toISOString();
  const decided = orders.map(
    (order, index) => call.failures.get(index) ?? decide(call.tenantId, order, { skus, facilities }, now),
  );
  const good = decided.filter((lines): lines is OrderLinesDocument => !(lines instanceof DomainError));
  const { tracked, untracked } = await splitTracked(context, call.tenantId, good);
  if (plan_only) {
    const plans = await rehearseBooking(context, call.tenantId, tracked, skus);
    return { results: decided.map((one) => withPlan(toResult(one, plans), one, plans)) };
  }
  await insertOrderLines(context, untracked);
  const bookings = tracked.length > 0 ? await bookOrders(context, call, tracked, skus) : new Map();
  return { results: decided.map((one) => toResult(one, bookings)) };
}

function decide(
  tenantId: string,
  order: OrderLines,
  { skus, facilities }: { skus: KnownSkus; facilities: ReadonlySet<string> },
  now: string,
): OrderLinesDocument | DomainError {
  try {
    const { facility_id } = order.terms ?? {};
    if (facility_id && !facilities.has(facility_id)) {
      throw refusalOf("/facility_id", "FACILITY_NOT_FOUND", "there is no such facility");
    }
    return createOrderLines(tenantId, order, skus, now);
  } catch (error) {
    if (error instanceof DomainError) return error;
    throw error;
  }
}

/** Orders of which some SKU's stock is recorded are booked; the others need no more than an insert. */
async function splitTracked(
  context: LineItemsContext,
  tenantId: string,
  documents: readonly OrderLinesDocument[],
) {
  const skuIds = new Set(documents.flatMap(({ lines }) => lines.map(({ sku_id }) => sku_id!)));
  const trackedSkus = await findTrackedSkus(context, tenantId, [...skuIds]);
  const isTracked = ({ lines }: OrderLinesDocument) => lines.some(({ sku_id }) => trackedSkus.has(sku_id!));
  return {
    tracked: documents.filter(isTracked),
    untracked: documents.filter((document) => !isTracked(document)),
  };
}

function toResult(decided: OrderLinesDocument | DomainError, bookings: Bookings): LinesResult {
  if (decided instanceof DomainError) {
    const pointer = decided.violations[0]?.pointer ?? null;
    return { code: decided.code, reason: decided.message, pointer, shorts: [] };
  }
  const booked = bookings.get(decided._id);
  return {
    code: null,
    reason: null,
    pointer: null,
    backordered: booked ? isBackordered(booked) : false,
    shorts: booked?.shorts ?? [],
  };
}

function withPlan(
  result: LinesResult,
  decided: OrderLinesDocument | DomainError,
  plans: Bookings,
): LinesResult {
  if (decided instanceof DomainError) return result;
  const plan = toOrderAllocation(plans.get(decided._id) ?? untrackedAllocation(decided));
  return { ...result, plan: { ...plan, order_id: null } };
}
