import type { Consumer } from "@waybill/consumer/consumer.ts";
import { startConsumer } from "@waybill/events/consumer/consumer.ts";
import { topics } from "@waybill/events/topics.ts";
import { appliedCollection, appliedStore } from "@waybill/events/consumer/applied.ts";
import { createCounter } from "@waybill/mongo/counters.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import type { Logger } from "@waybill/process/log.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { FulfillmentServiceService } from "@waybill/proto/orders/v1/fulfillment.ts";
import { OrderRequestServiceService } from "@waybill/proto/orders/v1/order_requests.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { ReturnServiceService } from "@waybill/proto/orders/v1/returns.ts";
import { SandboxServiceService } from "@waybill/proto/orders/v1/sandbox.ts";
import { StorefrontOrderServiceService } from "@waybill/proto/orders/v1/storefront.ts";
import { openChannel, peer, type Channel } from "@waybill/rpc/client.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import { aggregateStore, type ServiceDatabase } from "@waybill/service/database.ts";
import { startService, type Service } from "@waybill/service/start.ts";
import { ORDER_NR_FIRST } from "@waybill/service/order-name.ts";
import type { OrdersConfig } from "./config.ts";
import { onOrderRequests } from "./consumers/on-order-request.ts";
import { onLineItemsEvents } from "./consumers/on-line-items-event.ts";
import type { OrdersContext } from "./context.ts";
import { coalescedCreation, type CreationContext } from "./creation.ts";
import { coalescedReading } from "./order-with-lines.ts";
import { ORDER_NR_BLOCK, ordersCollection } from "./order.ts";
import { startRequestSweeper } from "./request-sweeper.ts";
import { requestsCollection } from "./request.ts";
import { returnsCollection } from "./return.ts";
import {
  fulfillmentHandlers,
  orderHandlers,
  requestHandlers,
  returnHandlers,
  sandboxHandlers,
  storefrontHandlers,
} from "./rpc/handlers.ts";
import { Watchers } from "./watchers.ts";

/** Commands of one batch: also when every call runs into its deadline it ends within what a member may take. */
const COMMANDS_MAX = 64;

/** Starts the orders service; it takes calls and decides requests once its database answers. */
export function startOrders(config: OrdersConfig, process: ProcessContext): Promise<Service> {
  return startService(config, process, {
    collections: [ordersCollection, requestsCollection, returnsCollection, linesAppliedCollection],
    build(database, running) {
      const lineItems = running.use(openChannel("line-items", config.lineItemsAddress));
      const context = createContext(config, database, lineItems, process.log);
      running.use(followLineItems(config, context, database, process.log));
      running.use(startRequestSweeper(context));
      running.use(startDeciding(config, context));
      return {
        implementations: [
          implement(OrderServiceService, orderHandlers, context),
          implement(OrderRequestServiceService, requestHandlers, context),
          implement(FulfillmentServiceService, fulfillmentHandlers, context),
          implement(ReturnServiceService, returnHandlers, context),
          implement(SandboxServiceService, sandboxHandlers, context),
          implement(StorefrontOrderServiceService, storefrontHandlers, context),
        ],
      };
    },
  });
}

/** The positions of the consumer of line-item events. */
const linesAppliedCollection = appliedCollection("applied_line_items");

/** Without Kafka the service is ready all the same: orders learn later that their stock is there. */
function followLineItems(
  { kafka }: OrdersConfig,
  context: OrdersContext,
  { client, db }: ServiceDatabase,
  log: Logger,
): Consumer {
  const applied = appliedStore(client, db, topics.lineItems, log, linesAppliedCollection);
  return startConsumer({
    group: "orders-stock",
    topic: topics.lineItems,
    kafka,
    log,
    handle: (events) => onLineItemsEvents(context, applied, events),
    unavailable: mongoFailure,
  });
}

function createContext(
  config: OrdersConfig,
  database: ServiceDatabase,
  lineItems: Channel,
  log: Logger,
): OrdersContext {
  const context: CreationContext = {
    orders: aggregateStore(database, ordersCollection),
    orderNumbers: createCounter(database.db, "order_nr", ORDER_NR_FIRST, ORDER_NR_BLOCK),
    lineItems: peer(lineItems, LineItemServiceService),
    log,
  };
  return {
    ...context,
    returns: aggregateStore(database, returnsCollection),
    requests: aggregateStore(database, requestsCollection),
    ...coalescedCreation(context, config.creation),
    reading: coalescedReading(context),
    inProcessCancel: config.inProcessCancel,
    watchers: new Watchers(config.watchersMax),
    sandbox: config.sandbox,
  };
}

/** Without Kafka the service is ready all the same: requests wait. */
function startDeciding({ kafka }: OrdersConfig, context: OrdersContext): Consumer {
  return startConsumer({
    group: "orders",
    topic: topics.orderRequests,
    kafka,
    log: context.log,
    handle: (events) => onOrderRequests(context, events),
    unavailable: mongoFailure,
    limits: { events: COMMANDS_MAX },
  });
}
