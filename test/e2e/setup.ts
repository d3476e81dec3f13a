import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { portSettings, startSystem, type Ports } from "@waybill/dev-env/system.ts";
import type { TestProject } from "vitest/node";
import { keyOf } from "./api.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the system under test listens. */
    system: {
      url: string;
      ordersGrpc: string;
      lineItemsGrpc: string;
      kafkaBrokers: string;
      topicPrefix: string;
    };
  }
}

const TOPIC_PREFIX = "e2e.";

/** Starts the whole system once for all end-to-end tests, with a tenant for each test file. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-e2e-"));
  const tenants = globSync("*.test.ts", { cwd: import.meta.dirname }).map((file) =>
    basename(file, ".test.ts"),
  );
  const system = await startSystem({
    dataDir,
    ports: Object.fromEntries(Object.keys(portSettings).map((name) => [name, 0])) as Ports,
    apiKeys: Object.fromEntries(tenants.map((tenant) => [keyOf(tenant), tenant])),
    env: { ...process.env, TOPIC_PREFIX },
    ephemeral: true,
    report: (line) => void process.stdout.write(`${line}\n`),
  });
  project.provide("system", {
    url: system.url,
    ordersGrpc: system.grpc.orders,
    lineItemsGrpc: system.grpc["line-items"],
    kafkaBrokers: system.kafka.address,
    topicPrefix: TOPIC_PREFIX,
  });
  return async () => {
    const restarted = Object.values(system.services).filter((service) => service.starts() > 1);
    await system.stop();
    if (restarted.length > 0)
      throw new Error(`died during the tests: ${restarted.map(({ name }) => name).join(", ")}`);
    rmSync(dataDir, { recursive: true, force: true });
  };
}
