import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { aLine, anUpdate } from "@waybill/dev-env/records.ts";
import { expect, inject, vi } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { newStockCalls } from "../../line-items/test/stock-calls.ts";
import type { Status } from "../src/legality.ts";
import type { RequestKind } from "../src/request.ts";
import { openDecisions } from "./decisions.ts";
import { patient } from "./world.ts";

const script = fileURLToPath(new URL("../../../test/dying-process.ts", import.meta.url));
const mains = { orders: "../src/main.ts", "line-items": "../../line-items/src/main.ts" };
/** Whose orders are worked on. */
export const TENANT = "shop";
const ON_HAND = 10;
// A member that was killed keeps its partitions for six seconds, its transaction the documents for twelve.
const TAKEN_OVER_MS_MAX = 120_000;

/** At which of its commits a process dies. */
export type Commit = readonly [when: "before" | "after", number: number];

/** A process of a service on a port of its own. */
export interface ServiceProcess {
  port: number;
  process: ChildProcess;
}

const running = new Set<ChildProcess>();

/** A network whose stock has a facility, and which ends what its tests have left running. */
export async function openKillNetwork(): Promise<TestNetwork> {
  const network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await newStockCalls(network, TENANT).facility("east");
  return {
    ...network,
    async [Symbol.asyncDispose]() {
      for (const process of running) process.kill("SIGKILL");
      await network[Symbol.asyncDispose]();
    },
  };
}

/** Starts a service; `dies`: at which of its commits, none: it lives. */
export async function startProcess(
  service: "orders" | "line-items",
  env: Record<string, string>,
  dies: Commit | null = null,
  port?: number,
): Promise<ServiceProcess> {
  const own = port ?? (await freePort());
  const settings = {
    ...process.env,
    LOG_LEVEL: "silent",
    MONGODB_URL: inject("mongodbUrl"),
    KAFKA_BROKERS: inject("kafkaBrokers"),
    TOPIC_PARTITIONS: "1",
    GRPC_PORT: String(own),
    ...env,
  };
  const args = [script, new URL(mains[service], import.meta.url).href, ...(dies ?? []).map(String)];
  const child = spawn(process.execPath, args, { env: settings, stdio: "inherit" });
  running.add(child);
  child.once("exit", () => running.delete(child));
  return { port: own, process: child };
}

/** The settings of a process that decides the requests of `database`. */
export function ordersEnv(database: string, lineItemsPort: number): Record<string, string> {
  return {
    TOPIC_PREFIX: `${database}.`,
    DATABASE: database,
    LINE_ITEMS_ADDRESS: `127.0.0.1:${lineItemsPort}`,
  };
}

/** The settings of a further process of the network's line-items, which follows the topics with this prefix. */
export function lineItemsEnv(network: TestNetwork, prefix: string): Record<string, string> {
  return {
    TOPIC_PREFIX: `${prefix}.`,
    DATABASE: network.lineItemsDb.databaseName,
    ORDERS_ADDRESS: "127.0.0.1:1",
  };
}

/** Resolves when the process has been killed. */
export async function killed({ process: { exitCode, signalCode }, process }: ServiceProcess): Promise<void> {
  const signal = exitCode === null && signalCode === null ? (await once(process, "exit"))[1] : signalCode;
  expect(signal).toBe("SIGKILL");
}

/** Has the process end by itself. */
export async function stop({ process }: ServiceProcess): Promise<void> {
  process.kill("SIGTERM");
  await once(process, "exit");
}

/** An order of two units of tracked stock, and the update or cancel that is to be asked for. */
export async function openCase(network: TestNetwork, kind: RequestKind, status: Status) {
  const on = await openDecisions(network);
  const database = on.context.orders.collection.dbName;
  const stock = newStockCalls(network, TENANT);
  const skus = { before: `${database}-before`, after: `${database}-after` };
  for (const sku of Object.values(skus)) {
    await stock.sku(sku);
    await stock.receive(sku, ON_HAND);
  }
  const order = await on.create("killed", [aLine(skus.before, 2)], status);
  const record = anUpdate("killed", { priority: 7, line_items: [aLine(skus.after, 3)] });
  return { on, database, kind, status, order, skus, record: kind === "update" ? record : null };
}

/** What is decided under kills. */
export type Case = Awaited<ReturnType<typeof openCase>>;

/** Waits until every request of the order is resolved. */
export async function untilResolved({ on, order }: Case): Promise<void> {
  const pending = { order_id: order._id, status: "pending" } as const;
  await vi.waitUntil(async () => (await on.context.requests.collection.countDocuments(pending)) === 0, {
    timeout: TAKEN_OVER_MS_MAX,
    interval: 100,
  });
}

const past: Partial<Record<Status, string[]>> = {
  open: [],
  atWarehouse: ["order.accepted"],
  inProcess: ["order.accepted", "order.started"],
};

/** Expects that the one request has succeeded once: with fields, lines and counts as one. */
export async function expectResolved({ on, kind, status, order, skus }: Case): Promise<void> {
  const [after, lines] = [await on.order(order._id), await patient(() => on.lines(order._id))];
  const [sku, ordered] = kind === "update" ? [skus.after, 3] : [skus.before, 2];
  const counted = { id: lines[0]!.id, sku_customer_id: sku, ordered };
  const units = kind === "update" ? { outstanding: 3, canceled: 0 } : { outstanding: 0, canceled: 2 };
  expect(lines).toMatchObject([{ sku_customer_id: sku, quantity: ordered }]);
  expect(after).toMatchObject({
    changing: null,
    status: kind === "update" ? status : "canceled",
    priority: kind === "update" ? 7 : 100,
    line_counts: kind === "update" && status === "open" ? [] : [{ ...counted, ...units }],
  });
  const changed = kind === "update" ? "order.updated" : "order.canceled";
  const types = (await on.events(order._id)).map(({ type }) => type.slice("waybill.".length, -".v1".length));
  expect(types).toEqual(["order.created", ...past[status]!, changed, `order_${kind}.resolved`]);
}

/** Expects the stock to know the new lines' units and nothing of the old ones'. */
export async function expectReallocated(network: TestNetwork, { skus }: Case, units: number): Promise<void> {
  const { inventory } = network;
  const allocated = async (sku: string) => {
    const { data } = await inventory.listInventory({ id: [], cid: [sku] }, network.as(TENANT));
    return [data[0]!.on_hand, data[0]!.allocated];
  };
  const expectFreed = async () => expect(await allocated(skus.before)).toEqual([ON_HAND, 0]);
  await vi.waitFor(expectFreed, { timeout: 60_000, interval: 100 });
  expect(await patient(() => allocated(skus.after))).toEqual([ON_HAND, units]);
}
