import type { OrderAllocation } from "@waybill/proto/line_items/v1/allocation.ts";
import type { LineDemand, OrderDemand } from "../src/stock/demand.ts";
import type { Lot } from "../src/stock/lot.ts";
import { planOrder } from "../src/stock/plan.ts";

/** The clock of every plan. */
export const now = "2026-05-10T08:00:00.000Z";
export const home = { id: "home", country_code: "US", cost_rank: 50, lead_time_hours: 48 };
const near = { id: "near", country_code: "US", cost_rank: 60, lead_time_hours: 4 };
const abroad = { id: "abroad", country_code: "DE", cost_rank: 1, lead_time_hours: 1 };
export const facilities = [abroad, near, home];

/** A lot of the home facility, for sale for ever. */
export function lot(id: string, quantity: number, change: Partial<Lot> = {}): Lot {
  return {
    id,
    facility_id: "home",
    lot_number: null,
    purchase_order: null,
    expiration_date: null,
    received_at: "2026-01-01T00:00:00.000Z",
    status: "available",
    quantity,
    allocated: 0,
    ...change,
  };
}

/** A line of one SKU, `tea` unless said otherwise, with no rules. */
export function line(quantity: number, change: Partial<LineDemand> = {}): LineDemand {
  return {
    lineId: `line-${change.skuId ?? "tea"}`,
    skuId: "tea",
    skuCustomerId: "tea",
    pickFrom: [],
    pickStyle: "FIFO",
    quantity,
    settled: 0,
    shorted: 0,
    held: [],
    ...change,
  };
}

/** The plan of one order to the home country, that waits for what is missing. */
export function plan(
  lines: LineDemand[],
  lots: Record<string, Lot[]>,
  terms: Partial<OrderDemand["terms"]> = {},
): OrderAllocation {
  const order: OrderDemand = {
    orderId: "order-1",
    terms: { backorder_policy: "backorder", country_code: "US", ...terms },
    lines,
  };
  return planOrder(order, { lots: new Map(Object.entries(lots)), facilities, reserved: new Set(), now });
}
