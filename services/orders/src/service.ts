import { createCounter } from "@waybill/mongo/counters.ts";
import type { Logger } from "@waybill/process/log.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { FulfillmentServiceService } from "@waybill/proto/orders/v1/fulfillment.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { ReturnServiceService } from "@waybill/proto/orders/v1/returns.ts";
import { SandboxServiceService } from "@waybill/proto/orders/v1/sandbox.ts";
import { StorefrontOrderServiceService } from "@waybill/proto/orders/v1/storefront.ts";
import { openChannel, peer, type Channel } from "@waybill/rpc/client.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import { aggregateStore, type ServiceDatabase } from "@waybill/service/database.ts";
import { startService, type Service } from "@waybill/service/start.ts";
import type { OrdersConfig } from "./config.ts";
import type { OrdersContext } from "./context.ts";
import { createAtomically, createGroup, type CreationContext } from "./creation.ts";
import { groupCommit } from "./group-commit.ts";
import { ORDER_NR_BLOCK, ORDER_NR_FIRST, ordersCollection } from "./order.ts";
import { returnsCollection } from "./return.ts";
import {
  fulfillmentHandlers,
  orderHandlers,
  returnHandlers,
  sandboxHandlers,
  storefrontHandlers,
} from "./rpc/handlers.ts";

/** Starts the orders service; it takes calls once its database answers. */
export function startOrders(config: OrdersConfig, process: ProcessContext): Promise<Service> {
  return startService(config, process, {
    collections: [ordersCollection, returnsCollection],
    build(database, running) {
      const lineItems = running.use(openChannel("line-items", config.lineItemsAddress));
      const context = createContext(config, database, lineItems, process.log);
      return {
        implementations: [
          implement(OrderServiceService, orderHandlers, context),
          implement(FulfillmentServiceService, fulfillmentHandlers, context),
          implement(ReturnServiceService, returnHandlers, context),
          implement(SandboxServiceService, sandboxHandlers, context),
          implement(StorefrontOrderServiceService, storefrontHandlers, context),
        ],
      };
    },
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
    creation: groupCommit(createGroup.bind(null, context), config.creation),
    atomicCreation: groupCommit(createAtomically.bind(null, context), { ...config.creation, groupMax: 1 }),
    sandbox: config.sandbox,
  };
}
