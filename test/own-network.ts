import { randomUUID } from "node:crypto";
import { startGroupings } from "@waybill/groupings/service.ts";
import { settings as groupingsSettings, toConfig as groupingsConfig } from "@waybill/groupings/config.ts";
import { startLineItems } from "@waybill/line-items/service.ts";
import { settings as lineItemsSettings, toConfig as lineItemsConfig } from "@waybill/line-items/config.ts";
import { startOrders } from "@waybill/orders/service.ts";
import { settings as ordersSettings, toConfig as ordersConfig } from "@waybill/orders/config.ts";
import { createLog } from "@waybill/process/log.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { connectNetwork, type TestNetwork } from "./network.ts";

/**
 * Starts orders, line-items and groupings in this process, each with a database of its own, against a MongoDB
 * and a Kafka: for tests that break or count something. Others share one: `connectTestNetwork`.
 */
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
  const network = running.use(
    await connectNetwork({
      mongodbUrl,
      addresses: {
        orders: env.ORDERS_ADDRESS,
        "line-items": env.LINE_ITEMS_ADDRESS,
        groupings: `127.0.0.1:${groupingsPort}`,
      },
      databases: {
        orders: ordersEnv.DATABASE,
        "line-items": lineItemsEnv.DATABASE,
        groupings: groupingsEnv.DATABASE,
      },
      tenant: (name) => name,
    }),
  );
  return { ...network, [Symbol.asyncDispose]: () => running.disposeAsync() };
}
