import type { AllocationTerms, LotUnits } from "@waybill/proto/line_items/v1/allocation.ts";
import type { PickFrom } from "@waybill/proto/line_items/v1/line_items.ts";
import type { PickStyle } from "./lot.ts";

/** What one line asks for. */
export interface LineDemand {
  lineId: string;
  skuId: string;
  skuCustomerId: string;
  pickFrom: readonly PickFrom[];
  pickStyle: PickStyle;
  /** Ordered units. */
  quantity: number;
  /** Units that need no stock any more: shipped, shorted or canceled. */
  settled: number;
  /** Units of `settled` that were shorted here, for want of stock. */
  shorted: number;
  /** Units of lots that it has and keeps. */
  held: readonly LotUnits[];
}

/** What one order asks for. */
export interface OrderDemand {
  orderId: string;
  terms: AllocationTerms;
  lines: readonly LineDemand[];
}
