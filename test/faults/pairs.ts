import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { cacheDir } from "@waybill/dev-env/engine/tool-cache.ts";
import { startKafka } from "@waybill/dev-env/kafka/start.ts";
import { startMongodb } from "@waybill/dev-env/mongodb/start.ts";
import { supervise, type SupervisedService } from "@waybill/dev-env/supervised.ts";
import { serviceNames, type ServiceName } from "@waybill/dev-env/system.ts";
import { startBalancer } from "./balancer.ts";

/** One of the two processes of a service. */
export interface Instance {
  service: ServiceName;
  process: SupervisedService;
  /** The lines of its log, those of its earlier lives too. */
  said: () => LogLine[];
}

/** A line of a service's log: a constant message, and facts. */
export interface LogLine {
  msg: string;
  [fact: string]: unknown;
}

/** Two instances of every service on one MongoDB and one Kafka, and one way in to both gateways. */
export interface Pairs extends AsyncDisposable {
  url: string;
  key: string;
  kafka: { address: string };
  instances: readonly Instance[];
  /** Each end of a process: its service and how it went. */
  ends: readonly string[];
}

const KEY = "pairs_key";

/** Starts them; resolves when every process takes requests. */
export async function startPairs(): Promise<Pairs> {
  await using starting = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-pairs-"));
  starting.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const engine = { dataDir, port: 0, env: process.env, ephemeral: true, report: () => undefined };
  const [mongodb, kafka] = await Promise.all([startMongodb(engine), startKafka(engine)]);
  starting.defer(async () => void (await Promise.all([mongodb.stop(), kafka.stop()])));
  const ports = await choosePorts();
  const env = sharedSettings(ports, { MONGODB_URL: mongodb.address, KAFKA_BROKERS: kafka.address });
  const ends: string[] = [];
  const instances = serviceNames.flatMap((service) =>
    ports[service].map((port, nth) => {
      const logFile = join(dataDir, `${service}-${nth}.log`);
      return startInstance(service, logFile, { ...env, ...ownSettings(service, port) }, ends);
    }),
  );
  starting.defer(async () => void (await Promise.all(instances.map(({ process }) => process.stop()))));
  await Promise.all(instances.map(({ process }) => process.ready()));
  const { url } = starting.use(await startBalancer(ports.gateway));
  const running = starting.move();
  return { url, key: KEY, kafka, instances, ends, [Symbol.asyncDispose]: () => running.disposeAsync() };
}

type Ports = Record<ServiceName, number[]>;

async function choosePorts(): Promise<Ports> {
  const pairs = serviceNames.map(async (name) => [name, [await freePort(), await freePort()]] as const);
  return Object.fromEntries(await Promise.all(pairs)) as unknown as Ports;
}

/** Every caller knows both instances of a service, as by a headless name in a cluster. */
function sharedSettings(ports: Ports, engines: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const both = (service: ServiceName) =>
    `ipv4:${ports[service].map((port) => `127.0.0.1:${port}`).join(",")}`;
  return {
    ...process.env,
    ...engines,
    NODE_ENV: "production",
    NODE_COMPILE_CACHE: join(cacheDir(process.env), "compiled"),
    // Tells who published what.
    LOG_LEVEL: "debug",
    SANDBOX: "true",
    SECRETS_KEY: randomBytes(32).toString("base64"),
    ORDERS_ADDRESS: both("orders"),
    LINE_ITEMS_ADDRESS: both("line-items"),
    GROUPINGS_ADDRESS: both("groupings"),
    CALLBACKS_ADDRESS: both("callbacks"),
  };
}

function ownSettings(service: ServiceName, port: number): NodeJS.ProcessEnv {
  if (service === "gateway") return { PORT: String(port), API_KEYS: `${KEY}=pairs` };
  return { GRPC_PORT: String(port) };
}

function startInstance(
  service: ServiceName,
  logFile: string,
  env: NodeJS.ProcessEnv,
  ends: string[],
): Instance {
  const process = supervise({ name: service, env, logFile, report: (line) => void ends.push(line) });
  return { service, process, said: () => linesOf(logFile) };
}

function linesOf(logFile: string): LogLine[] {
  const lines = readFileSync(logFile, "utf8").split("\n");
  return lines.filter((line) => line.startsWith("{") && line.endsWith("}")).map((line) => JSON.parse(line));
}
