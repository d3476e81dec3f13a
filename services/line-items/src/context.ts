import type { AggregateStore } from "@waybill/events/aggregates.ts";
import { onceCommitted } from "@waybill/mongo/transaction.ts";
import type { Logger } from "@waybill/process/log.ts";
import type { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import type { Peer } from "@waybill/rpc/client.ts";
import type { Collection } from "mongodb";
import type { LedgerEntryDocument } from "./ledger.ts";
import type { FacilityDocument } from "./stock/facility.ts";
import type { OrderNames } from "./order-names.ts";
import type { Bell } from "./stock/offers.ts";
import type { OrderLinesDocument } from "./order-lines.ts";
import type { AllocationDocument } from "./stock/allocation.ts";
import type { SkuCache } from "./sku-cache.ts";
import type { SkuDocument } from "./sku.ts";
import type { StockRequests } from "./stock/stock-store.ts";
import type { StockDocument } from "./stock/stock.ts";
import type { Sweeps } from "./store.ts";
import type { Turns } from "./stock/turns.ts";

/** What every handler of this service works with. */
export interface LineItemsContext {
  skus: AggregateStore<SkuDocument>;
  skuCache: SkuCache;
  orderLines: AggregateStore<OrderLinesDocument>;
  ledger: Collection<LedgerEntryDocument>;
  stock: AggregateStore<StockDocument>;
  facilities: AggregateStore<FacilityDocument>;
  stockRequests: StockRequests;
  allocations: Collection<AllocationDocument>;
  turns: Turns;
  bell: Bell;
  sweeps: Sweeps;
  log: Logger;
  orders: Peer<typeof OrderServiceService>;
  orderNames: OrderNames;
  /** Whether the sandbox's calls are answered. */
  sandbox: boolean;
}

/** Wakes whoever offers free units, once what the call has written until now has committed. */
export function ringOnceCommitted({ stock, bell }: Pick<LineItemsContext, "stock" | "bell">): void {
  onceCommitted(stock.client, () => bell.emit("ring"));
}
