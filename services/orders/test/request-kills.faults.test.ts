import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { aLine, anUpdate, aSku } from "@waybill/dev-env/records.ts";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { createLog } from "@waybill/process/log.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { implement, type Handlers } from "@waybill/rpc/handlers.ts";
import { startServer, type RpcServer } from "@waybill/rpc/server.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import type { RequestKind } from "../src/request.ts";
import { openDecisions } from "./decisions.ts";

const script = fileURLToPath(new URL("../../../test/dying-process.ts", import.meta.url));
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const TENANT = "shop";
// A member that was killed keeps its partitions for six seconds.
const TAKEN_OVER_MS_MAX = 40_000;

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("hat")] }, network.as(TENANT));
});
afterAll(() => network[Symbol.asyncDispose]());

type LineItems = Handlers<null, typeof LineItemServiceService>;

/** The network's line-items service behind another port; `killed` is told after these calls, which get no answer. */
async function standIn(deadly: keyof LineItems | null, killed: () => void): Promise<RpcServer> {
  const names = Object.keys(LineItemServiceService) as (keyof LineItems)[];
  const forwarding = names.map((name) => {
    const forward = async (_: null, request: never) => {
      const answer = await network.lineItems[name](request, network.as(TENANT));
      if (name !== deadly) return answer;
      killed();
      return new Promise(() => undefined);
    };
    return [name, forward] as const;
  });
  const handlers = Object.fromEntries(forwarding) as unknown as LineItems;
  return startServer({
    host: "127.0.0.1",
    port: 0,
    log: createLog("test", "silent"),
    translate: () => null,
    implementations: [implement(LineItemServiceService, handlers, null)],
  });
}

/** Where the process is killed: at a commit of its own, or when line-items has done a call. */
type Kill = { commit: [when: "before" | "after", number: number] } | { call: keyof LineItems };

async function startOrdersProcess(
  database: string,
  lineItemsPort: number,
  args: string[],
): Promise<ChildProcess> {
  const env = {
    ...process.env,
    LOG_LEVEL: "silent",
    MONGODB_URL: inject("mongodbUrl"),
    KAFKA_BROKERS: inject("kafkaBrokers"),
    TOPIC_PREFIX: `${database}.`,
    TOPIC_PARTITIONS: "1",
    DATABASE: database,
    GRPC_PORT: String(await freePort()),
    LINE_ITEMS_ADDRESS: `127.0.0.1:${lineItemsPort}`,
  };
  return spawn(process.execPath, [script, main, ...args], { env, stdio: "inherit" });
}

/** Has a request decided by a process that is killed there, and by one that comes after it. */
async function decideUnder(kill: Kill, kind: RequestKind, status: "open" | "atWarehouse") {
  const on = await openDecisions(network);
  const database = on.context.orders.collection.dbName;
  const order = await on.create("killed", [aLine("shirt", 2)], status);
  const record = anUpdate("killed", { gift_message: "new", line_items: [aLine("hat", 3)] });
  const [id] = await on.ask(kind, order, [kind === "update" ? record : null]);
  const args = "commit" in kill ? kill.commit.map(String) : [];
  let doomed: ChildProcess | null = null;
  const deadly = await standIn("call" in kill ? kill.call : null, () => doomed?.kill("SIGKILL"));
  doomed = await startOrdersProcess(database, deadly.port, args);
  const [, signal] = await once(doomed, "exit");
  expect(signal).toBe("SIGKILL");
  const left = await on.request(id!);

  const sound = await standIn(null, () => undefined);
  const next = await startOrdersProcess(database, sound.port, []);
  await vi.waitUntil(async () => (await on.request(id!)).status !== "pending", {
    timeout: TAKEN_OVER_MS_MAX,
    interval: 100,
  });
  next.kill("SIGTERM");
  await once(next, "exit");
  await Promise.all([deadly[Symbol.asyncDispose](), sound[Symbol.asyncDispose]()]);
  return {
    on,
    id: id!,
    left: left.status,
    order: await on.order(order._id),
    lines: await on.lines(order._id),
  };
}

const updates: [string, Kill, string][] = [
  ["before the lock commits", { commit: ["before", 1] }, "pending"],
  ["once the lock has committed", { commit: ["after", 1] }, "pending"],
  ["once line-items has replaced the lines", { call: "replaceLines" }, "pending"],
  ["before the update commits", { commit: ["before", 2] }, "pending"],
  ["once the update has committed, before Kafka knows", { commit: ["after", 2] }, "success"],
];
const cancels: [string, Kill, string][] = [
  ["once line-items has sealed the lines", { call: "sealLines" }, "pending"],
  ["before the cancel commits", { commit: ["before", 1] }, "pending"],
  ["once the cancel has committed, before Kafka knows", { commit: ["after", 1] }, "success"],
];

describe("kill -9 of the orders service", { timeout: 120_000 }, () => {
  it.concurrent.each(updates)(
    "%s leaves an update that is resolved once, with fields, lines and counts as one",
    async (_, kill, left) => {
      const after = await decideUnder(kill, "update", "atWarehouse");
      expect(after.left).toBe(left);
      expect(after.order).toMatchObject({
        changing: null,
        status: "atWarehouse",
        gift_message: "new",
        line_counts: [{ sku_customer_id: "hat", ordered: 3, outstanding: 3, id: after.lines[0]!.id }],
      });
      expect(after.lines).toMatchObject([{ sku_customer_id: "hat", quantity: 3 }]);
      const events = await after.on.events(after.order._id);
      expect(events.map(({ type }) => type)).toEqual([
        "waybill.order.created.v1",
        "waybill.order.accepted.v1",
        "waybill.order.updated.v1",
        "waybill.order_update.resolved.v1",
      ]);
    },
  );

  it.concurrent.each(cancels)(
    "%s leaves a cancel that is resolved once, with every unit canceled",
    async (_, kill, left) => {
      const after = await decideUnder(kill, "cancel", "open");
      expect(after.left).toBe(left);
      expect(after.order).toMatchObject({
        status: "canceled",
        line_counts: [{ sku_customer_id: "shirt", ordered: 2, outstanding: 0, canceled: 2 }],
      });
      const events = await after.on.events(after.order._id);
      expect(events.map(({ type }) => type)).toEqual([
        "waybill.order.created.v1",
        "waybill.order.canceled.v1",
        "waybill.order_cancel.resolved.v1",
      ]);
    },
  );
});
