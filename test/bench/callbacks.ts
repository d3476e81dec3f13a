import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes, randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { AttemptDocument } from "@waybill/callbacks/attempt.ts";
import type { DeliveryDocument } from "@waybill/callbacks/delivery.ts";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { outboxCollection, toOutboxRows, type OutboxRow } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { createLog } from "@waybill/process/log.ts";
import { CallbackServiceService } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { openChannel, peer, type Peer } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import { openDatabase } from "@waybill/service/database.ts";
import type { Collection, MongoClient } from "mongodb";
import { byRounds, type BenchContext } from "./bench.ts";
import { sendBare } from "./peers/bare-sender.ts";
import { postLoop, type PostKind } from "./peers/post-loop.ts";
import { until } from "./until.ts";
import type { Arrival } from "./webhook-receiver.ts";

const RATE = 200;
const RATE_MS = 15_000;
const WARM_MS = 3_000;
const DRAIN_MS_MAX = 60_000;
const RECEIVERS = 4;
const BACKLOG = 6_000;
const CALLBACKS_DATABASE = "callbacks";
const SENDS_RATIO_MIN = 0.15;
const DARK_RATIO_MAX = 1.2;
const P50_MS_MAX = 25;
const P99_MS_MAX = 100;

/** The callbacks service in a process of its own, orders' outbox with its relay, and a receiver. */
interface Stage extends AsyncDisposable {
  callbacks: Peer<typeof CallbackServiceService>;
  mongo: MongoClient;
  outbox: Collection<OutboxRow>;
  url: string;
  arrivals: () => Promise<Arrival[]>;
}

/** How fast webhooks go out, and what a dark receiver with a fifth of all events does to the others. */
export async function callbacks(context: BenchContext): Promise<void> {
  await using stage = await openStage(context);
  const { record, rounds, report } = context;
  const sides = {
    signed: () => loopRate(stage, "signed"),
    loop: () => loopRate(stage, "bare"),
    waybill: () => drainBacklog(stage),
    bare: () => drainBare(stage),
  };
  // The first time compiles what the others run.
  for (const side of Object.values(sides)) await side();
  const sends = await byRounds(context, sides);
  const drained = { what: `webhooks out of a backlog, ${RECEIVERS} receivers`, unit: "/s" } as const;
  record({
    ...drained,
    waybill: sends.waybill,
    peer: { name: "keep-alive POST loop that signs", values: sends.signed },
    goal: { min: SENDS_RATIO_MIN },
  });
  record({ ...drained, waybill: sends.waybill, peer: { name: "one that does not", values: sends.loop } });
  record({
    ...drained,
    waybill: sends.waybill,
    peer: { name: "bare sender: no order, leases, retries or events", values: sends.bare },
  });
  const alone: Latency[] = [];
  const beside: Latency[] = [];
  for (let round = 1; round <= rounds; round += 1) {
    alone.push(await sendSteadily(stage, `steady-${round}`, false));
    beside.push(await sendSteadily(stage, `beside-${round}`, true));
    report(
      `  round ${round} of ${rounds}: ${show(alone.at(-1)!)}; beside a dark one ${show(beside.at(-1)!)}`,
    );
  }
  const p99 = (of: readonly Latency[]) => of.map((latency) => latency.p99);
  const steady = `commit → webhook at ${RATE}/s`;
  record({
    what: `${steady}, p50`,
    unit: "ms",
    waybill: alone.map(({ p50 }) => p50),
    goal: { max: P50_MS_MAX },
  });
  record({ what: `${steady}, p99`, unit: "ms", waybill: p99(alone), goal: { max: P99_MS_MAX } });
  record({
    what: `${steady}, beside a dark receiver that gets a fifth, p99`,
    unit: "ms",
    waybill: p99(beside),
    peer: { name: "without it", values: p99(alone) },
    goal: { max: DARK_RATIO_MAX },
  });
}

function show({ p50, p99 }: Latency): string {
  return `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms`;
}

/** Posts per second of a loop that sends, and keeps nothing. */
async function loopRate({ url, arrivals }: Stage, kind: PostKind): Promise<number> {
  const rate = await postLoop(`${url}/bare`, dataOf("x"), kind);
  await arrivals();
  return rate;
}

/** Webhooks per second while a backlog of four receivers is sent, from the first to the last. */
async function drainBacklog(stage: Stage): Promise<number> {
  const tenant = await register(
    stage,
    `backlog-${randomUUID()}`,
    Array.from({ length: RECEIVERS }, (_, index) => `/${index}`),
  );
  const rows = Array.from({ length: BACKLOG / RECEIVERS }, () => rowOf(tenant));
  await stage.callbacks.createCallbackHolds({ message_types: ["orderEvent"] }, as(tenant));
  for (let start = 0; start < rows.length; start += 500)
    await stage.outbox.insertMany(rows.slice(start, start + 500));
  // The hold keeps it.
  const deliveries = stage.mongo.db(CALLBACKS_DATABASE).collection<DeliveryDocument>("deliveries");
  const ofTenant = { tenant_id: tenant };
  await until("all was stored", async () => (await deliveries.countDocuments(ofTenant)) === BACKLOG);
  await stage.callbacks.deleteCallbackHolds({ message_types: ["orderEvent"] }, as(tenant));
  const came: Arrival[] = [];
  while (came.length < BACKLOG) {
    await delay(200);
    came.push(...(await stage.arrivals()));
  }
  const times = came.map(([, atMs]) => atMs).toSorted((a, b) => a - b);
  return BACKLOG / ((times.at(-1)! - times[0]!) / 1_000);
}

/** The same by the least that sends them and keeps what came of it, modeled on one that Waybill sent. */
async function drainBare({ mongo, url, arrivals }: Stage): Promise<number> {
  const stored = mongo.db(CALLBACKS_DATABASE);
  const delivery = await stored.collection<DeliveryDocument>("deliveries").findOne({ status: "delivered" });
  const attempt = await stored.collection<AttemptDocument>("attempts").findOne({ outcome: "ok" });
  const urls = Array.from({ length: RECEIVERS }, (_, index) => `${url}/${index}`);
  const rate = await sendBare(
    mongo.db("bare_sender"),
    { delivery: delivery!, attempt: attempt! },
    urls,
    BACKLOG,
  );
  await arrivals();
  return rate;
}

interface Latency {
  p50: number;
  p99: number;
}

/** Commits events at a fixed rate, whatever comes of them; the latencies of the receivers that are well. */
async function sendSteadily(stage: Stage, name: string, isDark: boolean): Promise<Latency> {
  const well = await Promise.all(
    Array.from({ length: RECEIVERS }, (_, index) =>
      register(stage, `${name}-${index}`, [`/${name}-${index}`]),
    ),
  );
  const fifth = await register(stage, `${name}-fifth`, [isDark ? "/dark" : `/${name}-fifth`]);
  const tenants = [...well, fifth];
  const committed = new Map<string, number>();
  const beganMs = performance.now();
  for (let nth = 0; performance.now() - beganMs < WARM_MS + RATE_MS; nth += 1) {
    const dueMs = (nth * 1_000) / RATE;
    const aheadMs = dueMs - (performance.now() - beganMs);
    if (aheadMs > 0) await delay(aheadMs);
    const row = rowOf(tenants[nth % tenants.length]!);
    const isCounted = dueMs >= WARM_MS && row.tenant_id !== fifth;
    void stage.outbox
      .insertOne(row)
      .then(() => isCounted && committed.set(row._id, performance.timeOrigin + performance.now()));
  }
  const latencies: number[] = [];
  for (const endMs = performance.now() + DRAIN_MS_MAX; latencies.length < committed.size; await delay(500)) {
    for (const [id, atMs] of await stage.arrivals())
      if (committed.has(id)) latencies.push(Math.max(0, atMs - committed.get(id)!));
    if (performance.now() > endMs) throw new Error(`${committed.size - latencies.length} never came`);
  }
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(sorted.length * share)]!;
  return { p50: at(0.5), p99: at(0.99) };
}

async function register(
  { callbacks: service, url }: Stage,
  tenant: string,
  paths: string[],
): Promise<string> {
  const records = paths.map((path) => ({ url: url + path, message_type: "orderEvent", headers: {} }));
  await service.createCallbacks({ callbacks: records }, as(tenant));
  return tenant;
}

const dataOf = (order: string) => ({
  order_id: order,
  customer_identifier: "bench",
  status: "fulfilled",
  shipments: Array.from({ length: 3 }, () => ({ tracking_number: randomUUID(), note: "x".repeat(250) })),
  shorts: [],
});

function rowOf(tenantId: string): OutboxRow {
  const order = randomUUID();
  const source = {
    tenantId,
    aggregateId: order,
    lastSequence: 0,
    time: new Date().toISOString(),
    traceparent: traceparentOr(undefined),
  };
  const type = "waybill.order.status_changed.v1";
  const event = { topic: topics.orders, type, messageType: "orderEvent", data: dataOf(order) };
  return toOutboxRows(source, [event])[0]!;
}

function as(tenantId: string) {
  const ids = { requestId: requestIdOr(undefined), traceparent: traceparentOr(undefined) };
  return { tenantId, ...ids, deadline: Date.now() + 10_000 };
}

async function openStage({ mongodbUrl, kafkaBrokers }: BenchContext): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const port = await freePort();
  const worker = new Worker(new URL("./webhook-receiver.ts", import.meta.url));
  stack.defer(async () => void (await worker.terminate()));
  const [receiverPort] = (await once(worker, "message")) as [number];
  const kafka = { brokers: kafkaBrokers.split(","), prefix: "", partitions: 12, replicas: 1 };
  const process = { log: createLog("bench", "silent"), signal: new AbortController().signal };
  const orders = { service: "orders", logLevel: "silent", mongodbUrl, database: "orders_bench", kafka };
  const { client, db } = stack.use(await openDatabase(orders, [], process));
  await startService({ mongodbUrl, kafkaBrokers, port }, stack);
  const channel = stack.use(openChannel("callbacks", `127.0.0.1:${port}`));
  return {
    callbacks: peer(channel, CallbackServiceService),
    mongo: client,
    outbox: db.collection(outboxCollection.name),
    url: `http://127.0.0.1:${receiverPort}`,
    async arrivals() {
      worker.postMessage("tell");
      const [came] = (await once(worker, "message")) as [Arrival[]];
      return came;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

interface ServiceAt {
  mongodbUrl: string;
  kafkaBrokers: string;
  port: number;
}

async function startService(
  { mongodbUrl, kafkaBrokers, port }: ServiceAt,
  stack: AsyncDisposableStack,
): Promise<void> {
  const main = fileURLToPath(new URL("../../services/callbacks/src/main.ts", import.meta.url));
  const env = {
    PATH: process.env["PATH"],
    MONGODB_URL: mongodbUrl,
    KAFKA_BROKERS: kafkaBrokers,
    GRPC_PORT: String(port),
    SECRETS_KEY: randomBytes(32).toString("base64"),
    SANDBOX: "true",
    LOG_LEVEL: "info",
  };
  const child = spawn(process.execPath, [main], { env, stdio: ["ignore", "pipe", "inherit"] });
  stack.defer(async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  });
  for await (const line of createInterface(child.stdout)) if (line.includes("ownership.slots_held")) break;
  child.stdout.resume();
}
