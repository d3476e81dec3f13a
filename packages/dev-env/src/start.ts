// npm start: the whole system on this machine.
import { parseArgs } from "node:util";
import { claimDataDir, dataDirOf } from "./data-dir.ts";
import { sendDemoData } from "./demo.ts";
import { SANDBOX_TENANT, sandboxKey } from "./kept-secret.ts";
import { portSettings, startSystem, type Ports, type System } from "./system.ts";
import { startWarehouse, warehouseDelays, type WarehouseDelays } from "./warehouse.ts";

const usage = "usage: npm start [-- --demo]  (settings: see README.md)";
const WAREHOUSE_DELAYS_MS = "2000,2000,2000,2000,5000";
const say = (line: string) => void process.stdout.write(`${line}\n`);

await main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});

async function main(): Promise<void> {
  const { demo } = readArguments();
  const delays = warehouseDelays(process.env["WAREHOUSE_DELAYS_MS"] ?? WAREHOUSE_DELAYS_MS);
  const stopped = stopRequest();
  const dataDir = dataDirOf(process.env);
  using _claim = claimDataDir(dataDir);
  const key = sandboxKey(dataDir, process.env);
  const starting = startSystem({
    dataDir,
    ports: readPorts(process.env),
    apiKeys: { [key]: SANDBOX_TENANT },
    env: process.env,
    report: say,
  });
  const system = await Promise.race([starting, stopped.then(() => null)]);
  try {
    if (system !== null) {
      announce(system, key, dataDir);
      await using _demo = demo ? await startDemo(system, key, delays) : null;
      await stopped;
    }
  } finally {
    say("stopping");
    await (await starting.catch(() => null))?.stop();
  }
}

function readArguments(): { demo: boolean } {
  const { values } = parseArgs({
    options: { help: { type: "boolean" }, demo: { type: "boolean", default: false } },
  });
  if (!values.help) return { demo: values.demo };
  say(usage);
  process.exit(0);
}

/** Demo orders, and a warehouse that moves all of the sandbox's orders on. */
async function startDemo(
  { url, grpc }: System,
  key: string,
  delays: WarehouseDelays,
): Promise<AsyncDisposable> {
  await sendDemoData(url, key);
  say("demo: 5 orders are there, and a warehouse moves every order of the sandbox on");
  return startWarehouse(grpc.orders, SANDBOX_TENANT, delays, say);
}

function stopRequest(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
  });
}

function readPorts(env: NodeJS.ProcessEnv): Ports {
  const entries = Object.entries(portSettings).map(([name, { setting, port }]) => {
    const value = Number(env[setting] ?? port);
    if (!Number.isInteger(value) || value < 0 || value > 65_535) throw new Error(`${setting} must be a port`);
    return [name, value] as const;
  });
  return Object.fromEntries(entries) as Ports;
}

function announce({ url, grpc, mongodb, kafka }: System, key: string, dataDir: string): void {
  say(`MongoDB: ${mongodb.origin}`);
  say(`Kafka: ${kafka.origin}`);
  say(
    `gRPC: ${Object.entries(grpc)
      .map(([name, address]) => `${name} ${address}`)
      .join(", ")}`,
  );
  say(`Kafka brokers: ${kafka.address}; data and logs: ${dataDir}`);
  say(`Waybill is ready: ${url}  key of the sandbox tenant: ${key}`);
}
