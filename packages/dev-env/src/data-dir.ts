import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isAlive } from "./engine/child.ts";

/** Where `npm start` keeps its data: `WAYBILL_DATA`, else `.waybill` in this checkout. */
export function dataDirOf(env: NodeJS.ProcessEnv): string {
  return env["WAYBILL_DATA"] ?? fileURLToPath(new URL("../../../.waybill", import.meta.url));
}

/** Marks the folder as in use by this process. Throws if another process uses it. */
export function claimDataDir(dataDir: string): Disposable {
  assertUnused(dataDir);
  mkdirSync(dataDir, { recursive: true });
  writeFileSync(pidFile(dataDir), String(process.pid));
  return { [Symbol.dispose]: () => rmSync(pidFile(dataDir), { force: true }) };
}

/** Throws if a running process uses the folder. */
export function assertUnused(dataDir: string): void {
  const pid = readPid(dataDir);
  if (pid === null || pid === process.pid || !isAlive(pid)) return;
  throw new Error(
    `Waybill already runs here (process ${pid}); stop it first, or set WAYBILL_DATA to another folder`,
  );
}

function readPid(dataDir: string): number | null {
  try {
    const pid = Number(readFileSync(pidFile(dataDir), "utf8"));
    return Number.isInteger(pid) && pid > 0 ? pid : null;
  } catch {
    return null;
  }
}

function pidFile(dataDir: string): string {
  return join(dataDir, "npm-start.pid");
}
