import type { AggregateStore } from "@waybill/events/aggregates.ts";
import type { Counter } from "@waybill/mongo/counters.ts";
import type { Logger } from "@waybill/process/log.ts";
import type { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import type { SkuServiceService } from "@waybill/proto/line_items/v1/skus.ts";
import type { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import type { StorefrontOrderServiceService } from "@waybill/proto/orders/v1/storefront.ts";
import type { Peer } from "@waybill/rpc/client.ts";
import type { Collection } from "mongodb";
import type { GroupingsDocument } from "./grouping.ts";
import type { OrderGroupDocument } from "./order-group.ts";
import type { ProfileDocument } from "./profile.ts";
import type { SkuReleaseDocument } from "./release.ts";

/** What every handler of this service works with. */
export interface GroupingsContext {
  profiles: AggregateStore<ProfileDocument>;
  profileIds: Counter;
  groupings: AggregateStore<GroupingsDocument>;
  groupingIds: Counter;
  itemIds: Counter;
  skuReleases: Collection<SkuReleaseDocument>;
  orderGroups: AggregateStore<OrderGroupDocument>;
  orderGroupIds: Counter;
  orders: Peer<typeof OrderServiceService>;
  storefrontOrders: Peer<typeof StorefrontOrderServiceService>;
  lineItems: Peer<typeof LineItemServiceService>;
  skus: Peer<typeof SkuServiceService>;
  log: Logger;
}
