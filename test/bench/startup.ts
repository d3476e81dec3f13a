import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { portSettings } from "@waybill/dev-env/system.ts";
import type { BenchContext } from "./bench.ts";

const READY_S_MAX = 10;
const root = fileURLToPath(new URL("../../", import.meta.url));

/** `npm start` until it says that the system is ready, engines included, with what the first start has left behind. */
export async function startup({ rounds, record, report }: BenchContext): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-bench-"));
  try {
    await start(dataDir);
    const waybill: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      waybill.push(await start(dataDir));
      report(`  round ${round} of ${rounds}: ready after ${waybill.at(-1)!.toFixed(1)} s`);
    }
    record({ what: "npm start, warm, until ready", unit: "s", waybill, goal: { max: READY_S_MAX } });
  } finally {
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** Starts the system and stops it again. Answers after how many seconds it was ready. */
async function start(dataDir: string): Promise<number> {
  const ports = await Promise.all(
    Object.values(portSettings).map(async ({ setting }) => [setting, String(await freePort())] as const),
  );
  const env = { ...process.env, ...Object.fromEntries(ports), WAYBILL_DATA: dataDir };
  const beganMs = performance.now();
  const child = spawn("npm", ["start"], { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  for await (const line of createInterface(child.stdout)) if (line.includes("Waybill is ready")) break;
  const readyS = (performance.now() - beganMs) / 1_000;
  child.stdout.resume();
  child.kill("SIGTERM");
  await ended;
  return readyS;
}
