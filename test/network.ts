import { randomUUID } from "node:crypto";
import { services } from "@waybill/proto/services.ts";
import { openChannel, peer, type CallOptions, type Peer } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import { MongoClient, type Db } from "mongodb";

/** The orders, line-items and groupings services, as a test calls them, and their databases. */
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
  /** `host:port` of each gRPC server. */
  addresses: Record<Member, string>;
  client: MongoClient;
  ordersDb: Db;
  lineItemsDb: Db;
  groupingsDb: Db;
  /** The id of a tenant: files that share services never share a tenant. */
  tenant: (name: string) => string;
  /** How a call is made for this tenant; a new request each time. */
  as: (name: string) => CallOptions;
}

type Member = "orders" | "line-items" | "groupings";

/** Where a network's services and databases are, and how its tenants are called. */
interface NetworkPlaces {
  mongodbUrl: string;
  /** `host:port` of each gRPC server. */
  addresses: Record<Member, string>;
  /** The name of each database. */
  databases: Record<Member, string>;
  tenant: (name: string) => string;
}

/** Connects to the services that the test run started for all files: `inject("system")` (`test/setup.ts`). */
export function connectTestNetwork({
  grpc,
  mongodbUrl,
}: {
  grpc: NetworkPlaces["addresses"];
  mongodbUrl: string;
}): Promise<TestNetwork> {
  const databases = { orders: "orders", "line-items": "line_items", groupings: "groupings" };
  const file = randomUUID().slice(0, 8);
  return connectNetwork({ mongodbUrl, addresses: grpc, databases, tenant: (name) => `${name}-${file}` });
}

/** Connects to services that run. */
export async function connectNetwork({
  mongodbUrl,
  addresses,
  databases,
  tenant,
}: NetworkPlaces): Promise<TestNetwork> {
  const open = new AsyncDisposableStack();
  const ordersChannel = open.use(openChannel("orders", addresses.orders));
  const lineItemsChannel = open.use(openChannel("line-items", addresses["line-items"]));
  const groupingsChannel = open.use(openChannel("groupings", addresses.groupings));
  const client = await new MongoClient(mongodbUrl).connect();
  open.defer(() => client.close());
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
    addresses,
    client,
    ordersDb: client.db(databases.orders),
    lineItemsDb: client.db(databases["line-items"]),
    groupingsDb: client.db(databases.groupings),
    tenant,
    as: (name) => ({
      tenantId: tenant(name),
      requestId: requestIdOr(undefined),
      traceparent: traceparentOr(undefined),
      deadline: Date.now() + 10_000,
    }),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
