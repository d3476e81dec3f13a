import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Engine } from "./engine/engine.ts";
import { cacheDir } from "./engine/tool-cache.ts";
import { choosePort } from "./engine/free-port.ts";
import { startKafka } from "./kafka/start.ts";
import { secretsKey } from "./kept-secret.ts";
import { startMongodb } from "./mongodb/start.ts";
import { supervise, type SupervisedService } from "./supervised.ts";

/** The services, by the folder they live in. */
export const serviceNames = ["orders", "line-items", "groupings", "callbacks", "gateway"] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Each port's setting and its default. */
export const portSettings = {
  gateway: { setting: "PORT", port: 8080 },
  orders: { setting: "ORDERS_PORT", port: 50051 },
  "line-items": { setting: "LINE_ITEMS_PORT", port: 50052 },
  groupings: { setting: "GROUPINGS_PORT", port: 50053 },
  callbacks: { setting: "CALLBACKS_PORT", port: 50054 },
  mongodb: { setting: "MONGODB_PORT", port: 27018 },
  kafka: { setting: "KAFKA_PORT", port: 19092 },
} as const;

export type Ports = Record<keyof typeof portSettings, number>;

interface SystemOptions {
  /** Where MongoDB, Kafka and the logs live. */
  dataDir: string;
  /** 0: any free one. */
  ports: Ports;
  /** The tenants by their API keys. */
  apiKeys: Readonly<Record<string, string>>;
  /** Settings that every service gets, besides those made here. */
  env: NodeJS.ProcessEnv;
  report: (line: string) => void;
  /** Data need not outlive the system: for tests. */
  ephemeral?: boolean;
  /** MongoDB and Kafka stay down once they die, until `restart()`: for tests. */
  leaveEnginesDown?: boolean;
}

/** The whole system, running. */
export interface System {
  /** Of the REST API, without a slash at its end. */
  url: string;
  /** `host:port` of each service's gRPC server. */
  grpc: Record<Exclude<ServiceName, "gateway">, string>;
  mongodb: Engine;
  kafka: Engine;
  services: Record<ServiceName, SupervisedService>;
  stop: () => Promise<void>;
}

const READY_MS_MAX = 60_000;
const ENGINE_RETRY_MS = 1_000;

/** Starts MongoDB, Kafka and every service as a process of its own; resolves when REST is ready. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const ports = await choosePorts(options.ports);
  const running = new AsyncDisposableStack();
  try {
    const [mongodb, kafka] = await startEngines(options, ports, running);
    const services = startServices(options, ports, mongodb, kafka, running);
    await Promise.all(Object.values(services).map((service) => service.ready()));
    const url = `http://127.0.0.1:${ports.gateway}`;
    await untilReady(url);
    return { url, grpc: grpcAddresses(ports), mongodb, kafka, services, stop: () => running.disposeAsync() };
  } catch (error) {
    await running.disposeAsync();
    throw error;
  }
}

async function choosePorts(wanted: Ports): Promise<Ports> {
  const chosen = { ...wanted };
  for (const name of Object.keys(portSettings) as (keyof Ports)[]) {
    // Given engines listen elsewhere; owned ones check their port themselves.
    if (name === "mongodb" || name === "kafka") continue;
    chosen[name] = await choosePort(wanted[name], portSettings[name].setting);
  }
  return chosen;
}

async function startEngines(
  { dataDir, env, report, ephemeral = false, leaveEnginesDown = false }: SystemOptions,
  ports: Ports,
  running: AsyncDisposableStack,
): Promise<[Engine, Engine]> {
  const engine = { dataDir, env, report, ephemeral };
  const keep = (started: Engine, name: string) => {
    const stopping = new AbortController();
    running.defer(() => {
      stopping.abort();
      return started.stop();
    });
    if (started.owned && !leaveEnginesDown) {
      started.onExit((reason) => void restart(name, started.restart, reason, report, stopping.signal));
    }
    return started;
  };
  return Promise.all([
    startMongodb({ ...engine, port: ports.mongodb }).then((started) => keep(started, "MongoDB")),
    startKafka({ ...engine, port: ports.kafka }).then((started) => keep(started, "Kafka")),
  ]);
}

async function restart(
  name: string,
  start: () => Promise<void>,
  reason: string,
  report: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  report(`${name} ${reason}; starting it again`);
  try {
    await start();
  } catch (error) {
    await delay(ENGINE_RETRY_MS);
    await restart(
      name,
      start,
      `did not come back (${error instanceof Error ? error.message : "?"})`,
      report,
      signal,
    );
  }
}

function startServices(
  options: SystemOptions,
  ports: Ports,
  mongodb: Engine,
  kafka: Engine,
  running: AsyncDisposableStack,
): Record<ServiceName, SupervisedService> {
  const shared = sharedSettings(options, ports, mongodb, kafka);
  const start = (name: ServiceName) =>
    supervise({
      name,
      env: {
        ...shared,
        ...(name === "gateway" ? gatewaySettings(options, ports) : { GRPC_PORT: String(ports[name]) }),
      },
      logFile: join(options.dataDir, "logs", `${name}.log`),
      report: options.report,
    });
  const services = Object.fromEntries(serviceNames.map((name) => [name, start(name)])) as Record<
    ServiceName,
    SupervisedService
  >;
  // The gateway first, so that no request is taken that nobody would answer.
  running.defer(async () => {
    await services.gateway.stop();
    await Promise.all(Object.values(services).map((service) => service.stop()));
  });
  return services;
}

function sharedSettings(
  { dataDir, env }: SystemOptions,
  ports: Ports,
  mongodb: Engine,
  kafka: Engine,
): NodeJS.ProcessEnv {
  const grpc = grpcAddresses(ports);
  return {
    NODE_ENV: "production",
    // Spares a warm start the stripping of types: a third of its time, and memory.
    NODE_COMPILE_CACHE: join(cacheDir(env), "compiled"),
    // What the launcher starts is for development: orders can be moved on by hand, webhooks may go to
    // this machine.
    SANDBOX: "true",
    ...withoutOwnNames(env),
    SECRETS_KEY: secretsKey(dataDir, env),
    MONGODB_URL: mongodb.address,
    KAFKA_BROKERS: kafka.address,
    ORDERS_ADDRESS: grpc.orders,
    LINE_ITEMS_ADDRESS: grpc["line-items"],
    GROUPINGS_ADDRESS: grpc.groupings,
    CALLBACKS_ADDRESS: grpc.callbacks,
    ADMIN_PORT: "0",
  };
}

/** A shell may have these for other purposes; each service has its own. */
function withoutOwnNames({ DATABASE: _database, HOST: _host, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env;
}

function gatewaySettings({ apiKeys }: SystemOptions, ports: Ports): NodeJS.ProcessEnv {
  const pairs = Object.entries(apiKeys).map(([key, tenant]) => `${key}=${tenant}`);
  return { PORT: String(ports.gateway), API_KEYS: pairs.join(",") };
}

function grpcAddresses(ports: Ports): System["grpc"] {
  const at = (port: number) => `127.0.0.1:${port}`;
  return {
    orders: at(ports.orders),
    "line-items": at(ports["line-items"]),
    groupings: at(ports.groupings),
    callbacks: at(ports.callbacks),
  };
}

async function untilReady(url: string): Promise<void> {
  const deadline = Date.now() + READY_MS_MAX;
  for (;;) {
    const answer = await fetch(`${url}/readyz`).catch(() => null);
    if (answer?.ok) return;
    if (Date.now() > deadline)
      throw new Error(`not ready after ${READY_MS_MAX / 1000} s: ${(await answer?.text()) ?? ""}`);
    await delay(50);
  }
}
