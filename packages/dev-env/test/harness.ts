import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** The environment of this machine with the native way only. */
export const nativeEnv: NodeJS.ProcessEnv = {
  ...process.env,
  WAYBILL_ENGINE: "native",
  MONGODB_URL: "",
  KAFKA_BROKERS: "",
};

/** An empty folder for one test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "waybill-dev-env-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Runs owner.ts in a process of its own and resolves with its pid and what it printed. */
export async function startOwner(...args: string[]): Promise<{ pid: number; said: string }> {
  const script = fileURLToPath(new URL("./owner.ts", import.meta.url));
  const owner = spawn(process.execPath, [script, ...args], {
    env: nativeEnv,
    stdio: ["ignore", "pipe", "inherit"],
  });
  onTestFinished(() => void owner.kill("SIGKILL"));
  const [said]: unknown[] = await once(owner.stdout.setEncoding("utf8"), "data");
  return { pid: owner.pid!, said: String(said).trim() };
}

/** Whether something listens on the port of 127.0.0.1. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => resolve(Boolean(socket.destroy())));
    socket.once("error", () => resolve(false));
  });
}
