import { EventEmitter } from "node:events";
import { appliedCollection, appliedStore } from "@waybill/events/consumer/applied.ts";
import type { Consumer } from "@waybill/consumer/consumer.ts";
import { startConsumer } from "@waybill/events/consumer/consumer.ts";
import { gathered } from "@waybill/events/consumer/gather.ts";
import { topics } from "@waybill/events/topics.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import type { Logger } from "@waybill/process/log.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { AllocationServiceService } from "@waybill/proto/line_items/v1/allocation.ts";
import { InventoryServiceService } from "@waybill/proto/line_items/v1/inventory.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { OrderLineItemServiceService } from "@waybill/proto/line_items/v1/order_line_items.ts";
import { StockSandboxServiceService } from "@waybill/proto/line_items/v1/stock_sandbox.ts";
import { SkuServiceService } from "@waybill/proto/line_items/v1/skus.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { implement } from "@waybill/rpc/handlers.ts";
import { aggregateStore, type ServiceDatabase } from "@waybill/service/database.ts";
import { startService, type Service } from "@waybill/service/start.ts";
import type { LineItemsConfig } from "./config.ts";
import { onOrderEvents } from "./consumers/on-order-event.ts";
import type { LineItemsContext } from "./context.ts";
import { ledgerCollection } from "./ledger.ts";
import { facilitiesCollection } from "./stock/facility.ts";
import { startOffers } from "./stock/offers.ts";
import { orderLinesCollection } from "./order-lines.ts";
import { allocationsCollection } from "./stock/allocation.ts";
import {
  allocationHandlers,
  inventoryHandlers,
  lineItemHandlers,
  orderLineItemHandlers,
  stockSandboxHandlers,
  skuHandlers,
} from "./rpc/handlers.ts";
import { createSkuCache } from "./sku-cache.ts";
import { skusCollection } from "./sku.ts";
import { stockRequestsCollection } from "./stock/stock-store.ts";
import { stockCollection } from "./stock/stock.ts";
import { sweepsCollection } from "./store.ts";
import { startSweeper } from "./sweeper.ts";
import { createTurns } from "./stock/turns.ts";

/** Events of one transaction: each that moves units changes one order's lines. */
const LEDGER_EVENTS_MAX = 100;
/** Of the events of one transaction: well above one event of the largest orders. */
const LEDGER_CHARACTERS_MAX = 4_000_000;
/** Partitions whose events go into one transaction. */
const LEDGER_PARTITIONS_MAX = 32;

/** About ten megabytes. */
const CACHED_SKUS_MAX = 10_000;

/** Starts the line-items service; it takes calls once its database answers. */
export function startLineItems(config: LineItemsConfig, process: ProcessContext): Promise<Service> {
  return startService(config, process, {
    collections: [
      skusCollection,
      orderLinesCollection,
      ledgerCollection,
      stockCollection,
      facilitiesCollection,
      stockRequestsCollection,
      allocationsCollection,
      sweepsCollection,
      appliedCollection(),
    ],
    build(database, running) {
      const orders = running.use(openChannel("orders", config.ordersAddress));
      const context = createContext(database, peer(orders, OrderServiceService), process.log, config.sandbox);
      running.use(startOffers(context));
      running.use(startSweeper(context, config.sweepIntervalMs));
      const consumer = running.use(startLedger(config, context, database, process.log));
      return {
        implementations: [
          implement(SkuServiceService, skuHandlers, context),
          implement(LineItemServiceService, lineItemHandlers, context),
          implement(OrderLineItemServiceService, orderLineItemHandlers, context),
          implement(AllocationServiceService, allocationHandlers, context),
          implement(InventoryServiceService, inventoryHandlers, context),
          implement(StockSandboxServiceService, stockSandboxHandlers, context),
        ],
        ready: () => (consumer.healthy() ? null : "Kafka does not answer"),
      };
    },
  });
}

/** Has the ledger follow the events of orders. */
function startLedger(
  { kafka }: LineItemsConfig,
  context: LineItemsContext,
  { client, db }: ServiceDatabase,
  log: Logger,
): Consumer {
  const applied = appliedStore(client, db, topics.orders, log);
  return startConsumer({
    group: "line-items",
    topic: topics.orders,
    kafka,
    log,
    handle: gathered((events) => onOrderEvents(context, applied, events), {
      events: LEDGER_EVENTS_MAX,
      characters: LEDGER_CHARACTERS_MAX,
    }),
    unavailable: mongoFailure,
    limits: { events: LEDGER_EVENTS_MAX, partitions: LEDGER_PARTITIONS_MAX },
  });
}

/** What the handlers and the sweeper work with. */
export function createContext(
  database: Pick<ServiceDatabase, "client" | "db">,
  orders: LineItemsContext["orders"],
  log: Logger,
  sandbox = false,
): LineItemsContext {
  return {
    skus: aggregateStore(database, skusCollection),
    skuCache: createSkuCache(CACHED_SKUS_MAX),
    orderLines: aggregateStore(database, orderLinesCollection),
    ledger: database.db.collection(ledgerCollection.name),
    stock: aggregateStore(database, stockCollection),
    facilities: aggregateStore(database, facilitiesCollection),
    stockRequests: database.db.collection(stockRequestsCollection.name),
    allocations: database.db.collection(allocationsCollection.name),
    turns: createTurns(),
    bell: new EventEmitter(),
    sweeps: database.db.collection(sweepsCollection.name),
    orders,
    orderNames: new Map(),
    log,
    sandbox,
  };
}
