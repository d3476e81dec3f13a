import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portSettings, startSystem, type Ports, type System } from "@waybill/dev-env/system.ts";

const KEY = "faults_key";

/** A system of its own for one test file, and its only tenant's REST API. */
export interface FaultSystem extends AsyncDisposable {
  system: System;
  /** Sends a request once; null if there was no answer at all. */
  send: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ) => Promise<{ status: number; headers: Headers; body: any } | null>;
}

/** Starts it; `leaveEnginesDown` keeps MongoDB and Kafka down after a kill; `env` is for its services. */
export async function startFaultSystem(
  leaveEnginesDown: boolean,
  env: NodeJS.ProcessEnv = {},
): Promise<FaultSystem> {
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-faults-"));
  const system = await startSystem({
    dataDir,
    ports: Object.fromEntries(Object.keys(portSettings).map((name) => [name, 0])) as Ports,
    apiKeys: { [KEY]: "faults" },
    env: { ...process.env, ...env },
    report: (line) => void process.stdout.write(`${line}\n`),
    leaveEnginesDown,
  });
  return {
    system,
    send: async (method, path, body, headers) => {
      try {
        const response = await fetch(system.url + path, {
          method,
          headers: { authorization: `Bearer ${KEY}`, "content-type": "application/json", ...headers },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          signal: AbortSignal.timeout(20_000),
        });
        return { status: response.status, headers: response.headers, body: await response.json() };
      } catch {
        return null;
      }
    },
    async [Symbol.asyncDispose]() {
      await system.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
