import { aggregateStore, openDatabase, type ServiceDatabase } from "@waybill/events/service-database.ts";
import { createCounter } from "@waybill/mongo/counters.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { startAdmin, type Readiness } from "@waybill/process/admin.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { FulfillmentServiceService } from "@waybill/proto/orders/v1/fulfillment.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { SandboxServiceService } from "@waybill/proto/orders/v1/sandbox.ts";
import { openChannel, peer, type Channel } from "@waybill/rpc/client.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import { startServer } from "@waybill/rpc/server.ts";
import type { OrdersConfig } from "./config.ts";
import type { OrdersContext } from "./context.ts";
import { createGroup, type CreationContext } from "./creation.ts";
import { groupCommit } from "./group-commit.ts";
import { ORDER_NR_BLOCK, ORDER_NR_FIRST, ordersCollection } from "./order.ts";
import { fulfillmentHandlers, orderHandlers, sandboxHandlers } from "./rpc/handlers.ts";

/** The running service. */
export interface OrdersService extends AsyncDisposable {
  grpcPort: number;
}

/** Starts the service; it takes calls once its database answers. Disposing it lets calls in flight finish. */
export async function startOrders(config: OrdersConfig, process: ProcessContext): Promise<OrdersService> {
  const running = new AsyncDisposableStack();
  let ready: Readiness = () => "starting";
  running.use(await startAdmin(config.host, config.adminPort, () => ready()));
  const database = running.use(await openDatabase(config, [ordersCollection], process));
  const lineItems = running.use(openChannel("line-items", config.lineItemsAddress));
  const context = createContext(config, database, lineItems);
  const server = running.use(
    await startServer({
      host: config.host,
      port: config.grpcPort,
      log: process.log,
      translate: mongoFailure,
      implementations: [
        implement(OrderServiceService, orderHandlers, context),
        implement(FulfillmentServiceService, fulfillmentHandlers, context),
        implement(SandboxServiceService, sandboxHandlers, context),
      ],
    }),
  );
  ready = database.ready;
  return { grpcPort: server.port, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

function createContext(config: OrdersConfig, database: ServiceDatabase, lineItems: Channel): OrdersContext {
  const context: CreationContext = {
    orders: aggregateStore(database, ordersCollection),
    orderNumbers: createCounter(database.db, "order_nr", ORDER_NR_FIRST, ORDER_NR_BLOCK),
    lineItems: peer(lineItems, LineItemServiceService),
  };
  const commit = createGroup.bind(null, context);
  return { ...context, creation: groupCommit(commit, config.creation), sandbox: config.sandbox };
}
