import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { portSettings } from "@waybill/dev-env/system.ts";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { anOrder } from "./order.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const KEY = "npm_start_key";
let dataDir: string;
let env: NodeJS.ProcessEnv;

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), "waybill-npm-start-"));
  const ports = await Promise.all(
    Object.values(portSettings).map(async ({ setting }) => [setting, String(await freePort())] as const),
  );
  env = { ...process.env, ...Object.fromEntries(ports), WAYBILL_DATA: dataDir, SANDBOX_API_KEY: KEY };
});
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

describe("npm start", () => {
  it("keeps its data between runs, and leaves no process behind on SIGTERM", async () => {
    const first = await start();
    await rest("POST", "/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
    const created = await rest("POST", "/orders", [anOrder("kept")]);
    await end(first, "SIGTERM");

    const second = await start();
    const listed = await rest("GET", "/orders?cid=kept");
    expect(listed.data.map(({ id }: any) => id)).toEqual([created.results[0].system_id]);
    await end(second, "SIGINT");
  });

  it("takes every process with it when it is killed", async () => {
    await start();
    const launcher = Number(readFileSync(join(dataDir, "npm-start.pid"), "utf8"));
    expect(processesOf(dataDir).length).toBeGreaterThan(5);
    process.kill(launcher, "SIGKILL");
    await nothingLeft();
  });

  it("names the setting of a taken port", async () => {
    const running = await start();
    const other = mkdtempSync(join(tmpdir(), "waybill-npm-start-"));
    const { child, output } = launch(["start"], { ...env, WAYBILL_DATA: other });
    expect(await exitOf(child)).not.toBe(0);
    expect(output()).toContain("PORT");
    rmSync(other, { recursive: true, force: true });
    await end(running, "SIGTERM");
  });
});

/** The demo's orders leave `open` only when the test's own have been shipped by hand. */
const DEMO_DELAYS_MS = "15000,2000,2000,2000,0";
const STATUSES = ["atWarehouse", "inProcess", "packed", "fulfilled", "delivered"];

describe("npm start -- --demo with npm run receiver", () => {
  it("delivers the demo's orders, and the receiver verifies each webhook, also after it lost its secrets", async () => {
    const system = await start(["--", "--demo"], { ...env, WAREHOUSE_DELAYS_MS: DEMO_DELAYS_MS });
    const port = await freePort();
    const first = await startReceiver(port);
    await shipped(first, "shipped-first");
    const cid = [1, 2, 3, 4, 5].map((nth) => `demo-${nth}`).join();
    const { data } = await rest("GET", `/orders?cid=${cid}`);
    expect(data).toHaveLength(5);
    for (const { id } of data) await printed(first, id);
    const made = await registrations();

    await stopReceiver(first);
    const second = await startReceiver(port);
    expect(await registrations()).toEqual(made);
    await shipped(second, "shipped-second");

    await stopReceiver(second);
    rmSync(join(dataDir, "receiver-secrets.json"));
    const third = await startReceiver(port);
    const renewed = await registrations();
    expect([renewed.length, renewed.filter((id) => made.includes(id))]).toEqual([made.length, []]);
    await shipped(third, "shipped-third");

    for (const { output } of [first, second, third]) expect(output()).not.toContain("NOT VERIFIED");
    await stopReceiver(third);
    await end(system, "SIGTERM");
  });
});

interface Launched {
  child: ChildProcess;
  output: () => string;
}

async function startReceiver(port: number): Promise<Launched> {
  const api = `http://127.0.0.1:${env["PORT"]}`;
  const receiver = launch(["run", "receiver", "--", "--port", String(port), "--api", api], env);
  await vi.waitUntil(() => receiver.output().includes("receiving webhooks at"), { timeout: 30_000 });
  return receiver;
}

async function stopReceiver({ child }: Launched): Promise<void> {
  const exit = exitOf(child);
  child.kill("SIGTERM");
  await exit;
}

/** Creates an order and ships it by hand; the demo's warehouse delivers it. */
async function shipped(receiver: Launched, name: string): Promise<void> {
  await rest("POST", "/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
  const created = await rest("POST", "/orders", [anOrder(name)]);
  const { results } = await rest("POST", "/data_factory/shipOrder", [{ order_customer_id: name }]);
  expect(results).toMatchObject([{ status: "success" }]);
  await printed(receiver, created.results[0].system_id);
}

/** The receiver verified the webhooks of the order's way, in its order. */
async function printed({ output }: Launched, orderId: string): Promise<void> {
  const statuses = () =>
    [...output().matchAll(/ verified orderEvent \S+ order (\S+) .*\n +(.*)\n/g)]
      .filter(([, order]) => order === orderId)
      .map(([, , data]) => JSON.parse(data!)[0].status);
  await vi.waitUntil(() => statuses().length >= STATUSES.length, { timeout: 60_000, interval: 100 });
  expect(statuses()).toEqual(STATUSES);
}

async function registrations(): Promise<string[]> {
  const { data } = await rest("GET", "/callbacks");
  return data.map(({ id }: any) => id).toSorted();
}

function launch(args: string[], settings: NodeJS.ProcessEnv): Launched {
  const child = spawn("npm", args, { cwd: root, env: settings, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  child.stderr.on("data", (chunk) => (text += String(chunk)));
  return { child, output: () => text };
}

async function start(args: string[] = [], settings = env): Promise<ChildProcess> {
  const { child, output } = launch(["start", ...args], settings);
  await vi.waitUntil(() => output().includes("Waybill is ready"), { timeout: 60_000, interval: 50 });
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = exitOf(child);
  child.kill(signal);
  await exit;
  await nothingLeft();
}

function exitOf(child: ChildProcess): Promise<number | null> {
  return new Promise((resolve) => child.once("exit", resolve));
}

async function rest(method: string, path: string, body?: unknown): Promise<any> {
  const response = await fetch(`http://127.0.0.1:${env["PORT"]}${path}`, {
    method,
    headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json" },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return response.json();
}

/** No process is left that was started with this data folder in its arguments or environment. */
async function nothingLeft(): Promise<void> {
  await vi.waitUntil(() => processesOf(dataDir).length === 0, { timeout: 20_000, interval: 100 });
}

function processesOf(marker: string): number[] {
  const pids = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number);
  return pids.filter((pid) => pid !== process.pid && mentions(pid, marker));
}

function mentions(pid: number, marker: string): boolean {
  try {
    return ["cmdline", "environ"].some((file) =>
      readFileSync(`/proc/${pid}/${file}`, "utf8").includes(marker),
    );
  } catch {
    return false;
  }
}
