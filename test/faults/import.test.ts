import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import { anOrder } from "./order.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

const ORDERS = 20_000;
/** The CLI's heap: less than the orders of the file would take. */
const HEAP_MB = 48;
/** With what Node itself takes. */
const MEMORY_MB_MAX = 250;
const main = join(import.meta.dirname, "../../packages/client/src/cli/main.ts");

let faults: FaultSystem;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "waybill-import-"));
  faults = await startFaultSystem(false);
  await faults.send("POST", "/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
});
afterAll(async () => {
  await faults[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

function* lines(): Generator<string> {
  for (let index = 0; index < ORDERS; index += 1) yield `${JSON.stringify(anOrder(`import-${index}`))}\n`;
}

/** The CLI's largest resident memory so far, in MB; null where the system does not tell. */
function peakMemoryMb(pid: number): number | null {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))![1]) / 1_024;
  } catch {
    return null;
  }
}

it(`${ORDERS} orders of a file are all there, also when the import is killed and goes on, in bounded memory`, async () => {
  const file = join(folder, "orders.ndjson");
  await pipeline(Readable.from(lines()), createWriteStream(file));
  const report = `${file}.report.ndjson`;
  const env = {
    ...process.env,
    WAYBILL_URL: faults.system.url,
    WAYBILL_KEY: "faults_key",
    NODE_OPTIONS: `--max-old-space-size=${HEAP_MB}`,
  };
  const start = () =>
    spawn(process.execPath, [main, "--json", "orders", "create", file, "--resume"], { env, stdio: "ignore" });
  const reported = () => {
    try {
      return readFileSync(report, "utf8").split("\n").slice(0, -1);
    } catch {
      return [];
    }
  };

  const killed = start();
  await expect.poll(() => reported().length, { timeout: 60_000 }).toBeGreaterThan(ORDERS / 4);
  killed.kill("SIGKILL");
  await once(killed, "exit");

  const second = start();
  let peak = 0;
  const watching = setInterval(() => (peak = peakMemoryMb(second.pid!) ?? peak), 200);
  const [code] = await once(second, "exit");
  clearInterval(watching);
  expect(code).toBe(0);
  expect(peak).toBeLessThan(MEMORY_MB_MAX);

  const outcomes = reported().map((line) => JSON.parse(line));
  expect(outcomes.map(({ index }) => index)).toEqual(Array.from({ length: ORDERS }, (_, index) => index));
  expect(outcomes.every(({ status }) => status === "success")).toBe(true);
  expect(new Set(outcomes.map(({ system_id }) => system_id)).size).toBe(ORDERS);
  const answer = await faults.send("GET", "/orders?include_counts=true&limit=1");
  expect(answer!.body.total).toBe(ORDERS);
}, 180_000);
