import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomBytes, randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { toOutboxRows } from "@waybill/events/outbox.ts";
import { createPublisher } from "@waybill/events/relay/publisher.ts";
import { topics } from "@waybill/events/topics.ts";
import { readSettings } from "@waybill/process/settings.ts";
import { CallbackServiceService, type NewCallback } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { CallbackDeliveryServiceService } from "@waybill/proto/callbacks/v1/deliveries.ts";
import { CallbackReplayServiceService } from "@waybill/proto/callbacks/v1/replays.ts";
import { openChannel, peer, type CallOptions, type Peer } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import { MongoClient, type Db } from "mongodb";
import { pino } from "pino";
import { inject, vi } from "vitest";
import { settings, toConfig } from "../src/config.ts";
import type { AttemptDocument } from "../src/attempt.ts";
import type { DeliveryDocument } from "../src/delivery.ts";
import type { LaneDocument } from "../src/lane.ts";
import { startCallbacks } from "../src/service.ts";
import { readDeadLetters, type DeadLetters } from "./dead-letters.ts";

/** An event to tell: of which order, and with what data. */
export interface ToldEvent {
  order: string;
  /** From 1. */
  sequence: number;
  /** Default `orderEvent`; null for an event that causes no webhook. */
  messageType?: string | null;
  tenant?: string;
  /** A text is sent as it is. */
  data?: object | string;
  /** Default one that the service does not know, which it sends like any other. */
  type?: string;
}

/** Instances of the service on a database and topics of their own. */
export interface TestCallbacks extends AsyncDisposable {
  callbacks: Peer<typeof CallbackServiceService>;
  /** What became of webhooks. */
  deliveryLog: Peer<typeof CallbackDeliveryServiceService>;
  replays: Peer<typeof CallbackReplayServiceService>;
  as: (tenantId: string) => CallOptions;
  /** Registers one url and answers its id and secret. */
  register: (
    tenant: string,
    url: string,
    more?: Partial<NewCallback>,
  ) => Promise<{ id: string; secret: string }>;
  /** Publishes events to the order topic; the same event twice has the same id. */
  tell: (...events: ToldEvent[]) => Promise<void>;
  db: Db;
  /** What the service could not work on, as it comes. */
  deadLetters: () => Promise<DeadLetters>;
  deliveries: (order: string) => Promise<DeliveryDocument[]>;
  attempts: (deliveryId: string) => Promise<AttemptDocument[]>;
  lanes: () => Promise<LaneDocument[]>;
  /** Enables a registration, as its owner does. */
  enable: (tenant: string, callbackId: string) => Promise<void>;
  /** Everything that instances of this process logged. */
  log: () => string;
  /** Starts another instance in this process. */
  startInstance: () => Promise<AsyncDisposable>;
  /** Stops the instance that was started with the rest. */
  stopOwn: () => Promise<void>;
  /** Starts an instance in a process of its own, the one that is called if there is no other; resolves when it is ready. */
  startProcess: () => Promise<{ kill: () => Promise<void> }>;
}

/** A tenant of one test. */
export const newTenant = () => `t-${randomUUID().slice(0, 8)}`;

/** Starts one instance, without any if `instances` is 0. */
export async function startTestCallbacks(
  env: NodeJS.ProcessEnv = {},
  instances: 0 | 1 = 1,
): Promise<TestCallbacks> {
  const run = randomUUID().slice(0, 8);
  const running = new AsyncDisposableStack();
  const lines: string[] = [];
  const log = pino({ level: "debug" }, { write: (line: string) => void lines.push(line) });
  const all = settingsOf(run, env);
  const start = (port: number) =>
    startCallbacks(toConfig(readSettings(settings, { ...all, GRPC_PORT: String(port) })), {
      log,
      signal: new AbortController().signal,
    });
  const port = await freePort();
  const own = new AsyncDisposableStack();
  if (instances === 1) own.use(await start(port));
  running.use(own);
  const channel = running.use(openChannel("callbacks", `127.0.0.1:${port}`));
  const client = await new MongoClient(all.MONGODB_URL).connect();
  running.defer(() => client.close());
  const db = client.db(all.DATABASE);
  const callbacks = peer(channel, CallbackServiceService);
  const kafka = toConfig(readSettings(settings, all)).kafka;
  const publisher = running.use(createPublisher("orders", kafka, log));
  return {
    callbacks,
    deliveryLog: peer(channel, CallbackDeliveryServiceService),
    replays: peer(channel, CallbackReplayServiceService),
    as,
    async register(tenant, url, more = {}) {
      const record = { url, message_type: "orderEvent", headers: {}, ...more };
      const { results } = await callbacks.createCallbacks({ callbacks: [record] }, as(tenant));
      return { id: results[0]!.system_id!, secret: results[0]!.secret! };
    },
    tell: (...events) => publisher.publish(events.map(toRow), new AbortController().signal),
    db,
    deadLetters: () => readDeadLetters(kafka, `${topics.orders}.callbacks.dlq`),
    deliveries: (order) =>
      db
        .collection<DeliveryDocument>("deliveries")
        .find({ order_id: order })
        .sort({ sequence: 1, _id: 1 })
        .toArray(),
    attempts: (deliveryId) =>
      db
        .collection<AttemptDocument>("attempts")
        .find({ delivery_id: deliveryId })
        .sort({ number: 1 })
        .toArray(),
    lanes: () => db.collection<LaneDocument>("lanes").find().toArray(),
    async enable(tenant, callbackId) {
      const change = { id: callbackId, callback: { status: "active", headers: {} }, update_mask: ["status"] };
      await callbacks.updateCallback(change, as(tenant));
    },
    log: () => lines.join(""),
    startInstance: () => start(0),
    stopOwn: () => own.disposeAsync(),
    startProcess: () => startProcess({ ...all, GRPC_PORT: instances === 0 ? String(port) : "0" }, running),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function settingsOf(run: string, env: NodeJS.ProcessEnv) {
  return {
    LOG_LEVEL: "info",
    MONGODB_URL: inject("mongodbUrl"),
    KAFKA_BROKERS: inject("kafkaBrokers"),
    DATABASE: `callbacks_${run}`,
    TOPIC_PREFIX: `${run}.`,
    TOPIC_PARTITIONS: "4",
    SECRETS_KEY: randomBytes(32).toString("base64"),
    SANDBOX: "true",
    RETRY_SCHEDULE_MS: "0,200,200,200",
    ATTEMPT_MS_MAX: "2000",
    BREAKER_MS: "300",
    ...env,
  };
}

function as(tenantId: string): CallOptions {
  return {
    tenantId,
    requestId: requestIdOr(undefined),
    traceparent: traceparentOr(undefined),
    deadline: Date.now() + 10_000,
  };
}

const NEW_TYPE = "waybill.order.status_changed.v1";

function toRow(told: ToldEvent) {
  const { order, sequence, messageType = "orderEvent", tenant = "shop", data = {}, type = NEW_TYPE } = told;
  const source = {
    tenantId: tenant,
    aggregateId: order,
    lastSequence: sequence - 1,
    time: new Date(1_700_000_000_000 + sequence * 1_000).toISOString(),
    traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
  };
  const whole = typeof data === "string" ? {} : { order_id: order, sequence, ...data };
  const event = { topic: topics.orders, type, data: whole };
  const [row] = toOutboxRows(source, [messageType === null ? event : { ...event, messageType }]);
  return { ...row!, _id: `${order}-${sequence}`, ...(typeof data === "string" ? { data } : {}) };
}

async function startProcess(env: NodeJS.ProcessEnv, running: AsyncDisposableStack) {
  const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env["PATH"], ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  const kill = async () => {
    child.kill("SIGKILL");
    await ended;
  };
  running.defer(kill);
  for await (const line of createInterface(child.stdout)) if (line.includes("process.started")) break;
  child.stdout.resume();
  return { kill };
}

/** Resolves when `condition` answers something other than false, null and undefined, with what it answers. */
export function until<Value>(
  condition: () => Value | Promise<Value>,
  timeout = 20_000,
): Promise<Exclude<NonNullable<Value>, false>> {
  return vi.waitFor(
    async () => {
      const value = await condition();
      if (value === false || value === null || value === undefined)
        throw new Error(`not yet: ${String(condition)}`);
      return value as Exclude<NonNullable<Value>, false>;
    },
    { timeout, interval: 20 },
  );
}
