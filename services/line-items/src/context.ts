import type { AggregateStore } from "@waybill/events/aggregates.ts";
import type { OrderLinesDocument } from "./order-lines.ts";
import type { SkuDocument } from "./sku.ts";

/** What every handler of this service works with. */
export interface LineItemsContext {
  skus: AggregateStore<SkuDocument>;
  orderLines: AggregateStore<OrderLinesDocument>;
}
