import { randomUUID } from "node:crypto";
import { startGroupings } from "@waybill/groupings/service.ts";
import { settings as groupingsSettings, toConfig as groupingsConfig } from "@waybill/groupings/config.ts";
import { startLineItems } from "@waybill/line-items/service.ts";
import { settings as lineItemsSettings, toConfig as lineItemsConfig } from "@waybill/line-items/config.ts";
import { startOrders } from "@waybill/orders/service.ts";
import { settings as ordersSettings, toConfig as ordersConfig } from "@waybill/orders/config.ts";
import { createLog } from "@waybill/process/log.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { services } from "@waybill/proto/services.ts";
import { openChannel, peer, type CallOptions, type Peer } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import { MongoClient, type Db } from "mongodb";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";

/** The orders, line-items and groupings services in this process, each with a database of its own. */
export interface TestNetwork extends AsyncDisposable {
  orders: Peer<(typeof services)["waybill.orders.v1.OrderService"]>;
  fulfillment: Peer<(typeof services)["waybill.orders.v1.FulfillmentService"]>;
  returns: Peer<(typeof services)["waybill.orders.v1.ReturnService"]>;
  requests: Peer<(typeof services)["waybill.orders.v1.OrderRequestService"]>;
  sandbox: Peer<(typeof services)["waybill.orders.v1.SandboxService"]>;
  storefront: Peer<(typeof services)["waybill.orders.v1.StorefrontOrderService"]>;
  skus: Peer<(typeof services)["waybill.line_items.v1.SkuService"]>;
  lineItems: Peer<(typeof services)["waybill.line_items.v1.LineItemService"]>;
  orderLineItems: Peer<(typeof services)["waybill.line_items.v1.OrderLineItemService"]>;
  allocation: Peer<(typeof services)["waybill.line_items.v1.AllocationService"]>;
  inventory: Peer<(typeof services)["waybill.line_items.v1.InventoryService"]>;
  stockSandbox: Peer<(typeof services)["waybill.line_items.v1.StockSandboxService"]>;
  profiles: Peer<(typeof services)["waybill.groupings.v1.ProfileService"]>;
  groupings: Peer<(typeof services)["waybill.groupings.v1.GroupingService"]>;
  orderGroups: Peer<(typeof services)["waybill.groupings.v1.OrderGroupService"]>;
  client: MongoClient;
  ordersDb: Db;
  lineItemsDb: Db;
  groupingsDb: Db;
  /** How a call is made for this tenant; a new request each time. */
  as: (tenantId: string) => CallOptions;
}

/** Starts them against the MongoDB and Kafka of the test run (`inject("mongodbUrl")`, `inject("kafkaBrokers")`). */
export async function startTestNetwork(mongodbUrl: string, kafkaBrokers: string): Promise<TestNetwork> {
  const run = randomUUID().slice(0, 8);
  const running = new AsyncDisposableStack();
  const context = { log: createLog("test", "silent"), signal: new AbortController().signal };
  const [ordersPort, lineItemsPort, groupingsPort] = [await freePort(), await freePort(), await freePort()];
  const env = {
    LOG_LEVEL: "silent",
    MONGODB_URL: mongodbUrl,
    KAFKA_BROKERS: kafkaBrokers,
    TOPIC_PREFIX: `${run}.`,
    SANDBOX: "true",
    ORDERS_ADDRESS: `127.0.0.1:${ordersPort}`,
    LINE_ITEMS_ADDRESS: `127.0.0.1:${lineItemsPort}`,
  };
  const lineItemsEnv = { ...env, GRPC_PORT: String(lineItemsPort), DATABASE: `line_items_${run}` };
  const ordersEnv = { ...env, GRPC_PORT: String(ordersPort), DATABASE: `orders_${run}` };
  const groupingsEnv = {
    ...env,
    GRPC_PORT: String(groupingsPort),
    DATABASE: `groupings_${run}`,
    RELEASE_CHECK_INTERVAL_MS: "20",
    GROUP_SWEEP_INTERVAL_MS: "100",
  };
  running.use(await startLineItems(lineItemsConfig(readSettings(lineItemsSettings, lineItemsEnv)), context));
  running.use(await startOrders(ordersConfig(readSettings(ordersSettings, ordersEnv)), context));
  running.use(await startGroupings(groupingsConfig(readSettings(groupingsSettings, groupingsEnv)), context));
  const ordersChannel = running.use(openChannel("orders", env.ORDERS_ADDRESS));
  const lineItemsChannel = running.use(openChannel("line-items", env.LINE_ITEMS_ADDRESS));
  const groupingsChannel = running.use(openChannel("groupings", `127.0.0.1:${groupingsPort}`));
  const client = await new MongoClient(mongodbUrl).connect();
  running.defer(() => client.close());
  return {
    orders: peer(ordersChannel, services["waybill.orders.v1.OrderService"]),
    fulfillment: peer(ordersChannel, services["waybill.orders.v1.FulfillmentService"]),
    returns: peer(ordersChannel, services["waybill.orders.v1.ReturnService"]),
    requests: peer(ordersChannel, services["waybill.orders.v1.OrderRequestService"]),
    sandbox: peer(ordersChannel, services["waybill.orders.v1.SandboxService"]),
    storefront: peer(ordersChannel, services["waybill.orders.v1.StorefrontOrderService"]),
    skus: peer(lineItemsChannel, services["waybill.line_items.v1.SkuService"]),
    lineItems: peer(lineItemsChannel, services["waybill.line_items.v1.LineItemService"]),
    orderLineItems: peer(lineItemsChannel, services["waybill.line_items.v1.OrderLineItemService"]),
    allocation: peer(lineItemsChannel, services["waybill.line_items.v1.AllocationService"]),
    inventory: peer(lineItemsChannel, services["waybill.line_items.v1.InventoryService"]),
    stockSandbox: peer(lineItemsChannel, services["waybill.line_items.v1.StockSandboxService"]),
    profiles: peer(groupingsChannel, services["waybill.groupings.v1.ProfileService"]),
    groupings: peer(groupingsChannel, services["waybill.groupings.v1.GroupingService"]),
    orderGroups: peer(groupingsChannel, services["waybill.groupings.v1.OrderGroupService"]),
    client,
    ordersDb: client.db(ordersEnv.DATABASE),
    lineItemsDb: client.db(lineItemsEnv.DATABASE),
    groupingsDb: client.db(groupingsEnv.DATABASE),
    as: (tenantId) => ({
      tenantId,
      requestId: requestIdOr(undefined),
      traceparent: traceparentOr(undefined),
      deadline: Date.now() + 10_000,
    }),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
