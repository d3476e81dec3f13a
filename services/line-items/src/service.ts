import { aggregateStore, openDatabase, type ServiceDatabase } from "@waybill/events/service-database.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { startAdmin, type Readiness } from "@waybill/process/admin.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { SkuServiceService } from "@waybill/proto/line_items/v1/skus.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import { startServer, type RpcServer } from "@waybill/rpc/server.ts";
import type { LineItemsConfig } from "./config.ts";
import type { LineItemsContext } from "./context.ts";
import { orderLinesCollection } from "./order-lines.ts";
import { lineItemHandlers, skuHandlers } from "./rpc/handlers.ts";
import { skusCollection } from "./sku.ts";
import { sweepsCollection } from "./store.ts";
import { startSweeper } from "./sweeper.ts";

/** The running service. */
export interface LineItemsService extends AsyncDisposable {
  grpcPort: number;
}

/** Starts the service; it takes calls once its database answers. Disposing it lets calls in flight finish. */
export async function startLineItems(
  config: LineItemsConfig,
  process: ProcessContext,
): Promise<LineItemsService> {
  const running = new AsyncDisposableStack();
  let ready: Readiness = () => "starting";
  running.use(await startAdmin(config.host, config.adminPort, () => ready()));
  const database = running.use(
    await openDatabase(config, [skusCollection, orderLinesCollection, sweepsCollection], process),
  );
  const channel = running.use(openChannel("orders", config.ordersAddress));
  const context = createContext(database, peer(channel, OrderServiceService));
  running.use(startSweeper(context, config.sweepIntervalMs, process.log));
  const server = running.use(await startRpc(config, context, process));
  ready = database.ready;
  return { grpcPort: server.port, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

/** What the handlers and the sweeper work with. */
export function createContext(
  database: Pick<ServiceDatabase, "client" | "db">,
  orders: LineItemsContext["orders"],
): LineItemsContext {
  return {
    skus: aggregateStore(database, skusCollection),
    orderLines: aggregateStore(database, orderLinesCollection),
    sweeps: database.db.collection(sweepsCollection.name),
    orders,
  };
}

function startRpc(
  config: LineItemsConfig,
  context: LineItemsContext,
  { log }: ProcessContext,
): Promise<RpcServer> {
  return startServer({
    host: config.host,
    port: config.grpcPort,
    log,
    translate: mongoFailure,
    implementations: [
      implement(SkuServiceService, skuHandlers, context),
      implement(LineItemServiceService, lineItemHandlers, context),
    ],
  });
}
