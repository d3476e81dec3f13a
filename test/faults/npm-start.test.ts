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
    const { child, output } = launch({ ...env, WAYBILL_DATA: other });
    expect(await exitOf(child)).not.toBe(0);
    expect(output()).toContain("PORT");
    rmSync(other, { recursive: true, force: true });
    await end(running, "SIGTERM");
  });
});

function launch(settings: NodeJS.ProcessEnv): { child: ChildProcess; output: () => string } {
  const child = spawn("npm", ["start"], { cwd: root, env: settings, stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  child.stdout.on("data", (chunk) => (text += String(chunk)));
  child.stderr.on("data", (chunk) => (text += String(chunk)));
  return { child, output: () => text };
}

async function start(): Promise<ChildProcess> {
  const { child, output } = launch(env);
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
