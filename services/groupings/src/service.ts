import type { Consumer } from "@waybill/consumer/consumer.ts";
import { startConsumer } from "@waybill/events/consumer/consumer.ts";
import { topics } from "@waybill/events/topics.ts";
import { createCounter } from "@waybill/mongo/counters.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { GroupingServiceService } from "@waybill/proto/groupings/v1/groupings.ts";
import { OrderGroupServiceService } from "@waybill/proto/groupings/v1/order_groups.ts";
import { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { SkuServiceService } from "@waybill/proto/line_items/v1/skus.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { StorefrontOrderServiceService } from "@waybill/proto/orders/v1/storefront.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import { aggregateStore, type ServiceDatabase } from "@waybill/service/database.ts";
import { startService, type Service } from "@waybill/service/start.ts";
import type { GroupingsConfig } from "./config.ts";
import { EVENTS_MAX, onLineItemsEvents } from "./consumers/on-line-items-event.ts";
import type { GroupingsContext } from "./context.ts";
import { groupingsCollection } from "./grouping.ts";
import { MINTED_ID_FIRST, orderGroupsCollection } from "./order-group.ts";
import { startGroupSweeper } from "./order-group-sweeper.ts";
import { profilesCollection } from "./profile.ts";
import { skuReleasesCollection } from "./release.ts";
import { startReleaseWatch } from "./release-watch.ts";
import { groupingHandlers, orderGroupHandlers, profileHandlers } from "./rpc/handlers.ts";

const ID_FIRST = 1;
// Small, so that ids stay readable; the rest of a block is lost when a process ends.
const ID_BLOCK = 10;
const ITEM_ID_BLOCK = 100;

/** Starts the groupings service; it takes calls once its database answers. */
export function startGroupings(config: GroupingsConfig, process: ProcessContext): Promise<Service> {
  return startService(config, process, {
    collections: [profilesCollection, groupingsCollection, skuReleasesCollection, orderGroupsCollection],
    build(database, running) {
      const context = createContext(config, database, process, running);
      const consumer = running.use(startFollowing(config, context));
      running.use(startReleaseWatch(context, config.releaseCheckIntervalMs));
      running.use(startGroupSweeper(context, config.groupSweepIntervalMs));
      return {
        implementations: [
          implement(ProfileServiceService, profileHandlers, context),
          implement(GroupingServiceService, groupingHandlers, context),
          implement(OrderGroupServiceService, orderGroupHandlers, context),
        ],
        ready: () => (consumer.healthy() ? null : "Kafka does not answer"),
      };
    },
  });
}

function createContext(
  config: GroupingsConfig,
  database: ServiceDatabase,
  { log }: ProcessContext,
  running: AsyncDisposableStack,
): GroupingsContext {
  const orders = running.use(openChannel("orders", config.ordersAddress));
  const lineItems = running.use(openChannel("line-items", config.lineItemsAddress));
  const { db } = database;
  return {
    profiles: aggregateStore(database, profilesCollection),
    profileIds: createCounter(db, "profile_id", ID_FIRST, ID_BLOCK),
    groupings: aggregateStore(database, groupingsCollection),
    groupingIds: createCounter(db, "grouping_id", ID_FIRST, ID_BLOCK),
    itemIds: createCounter(db, "grouping_item_id", ID_FIRST, ITEM_ID_BLOCK),
    skuReleases: db.collection(skuReleasesCollection.name),
    orderGroups: aggregateStore(database, orderGroupsCollection),
    orderGroupIds: createCounter(db, "order_group_id", MINTED_ID_FIRST, ID_BLOCK),
    orders: peer(orders, OrderServiceService),
    storefrontOrders: peer(orders, StorefrontOrderServiceService),
    lineItems: peer(lineItems, LineItemServiceService),
    skus: peer(lineItems, SkuServiceService),
    log,
  };
}

function startFollowing({ kafka }: GroupingsConfig, context: GroupingsContext): Consumer {
  return startConsumer({
    group: "groupings",
    topic: topics.lineItems,
    kafka,
    log: context.log,
    handle: (events) => onLineItemsEvents(context, events),
    unavailable: mongoFailure,
    limits: { events: EVENTS_MAX },
  });
}
