import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { portSettings, startSystem, type Ports, type System } from "@waybill/dev-env/system.ts";
import type { TestProject } from "vitest/node";
import { keyOf } from "./e2e/api.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the system under test listens. */
    system: {
      url: string;
      grpc: System["grpc"];
      mongodbUrl: string;
      kafkaBrokers: string;
      topicPrefix: string;
      /** The folder of the services' logs. */
      logs: string;
    };
  }
}

const TOPIC_PREFIX = "test.";

/**
 * Starts the whole system once for all service and end-to-end tests, with a tenant for each end-to-end file.
 * The setup of each of the two projects; the second finds the system of the first.
 */
export default async function setup({ vitest }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const run = vitest.getRootProject();
  if (run.getProvidedContext().system) return undefined;
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-test-"));
  const system = await startSystem({
    dataDir,
    ports: Object.fromEntries(Object.keys(portSettings).map((name) => [name, 0])) as Ports,
    apiKeys: Object.fromEntries(endToEndTenants().map((tenant) => [keyOf(tenant), tenant])),
    env: { ...process.env, TOPIC_PREFIX, GROUP_SWEEP_INTERVAL_MS: "100", RELEASE_CHECK_INTERVAL_MS: "100" },
    ephemeral: true,
    report: (line) => void process.stdout.write(`${line}\n`),
  });
  process.stdout.write(`MongoDB: ${system.mongodb.origin}\nKafka: ${system.kafka.origin}\n`);
  run.provide("system", {
    url: system.url,
    grpc: system.grpc,
    mongodbUrl: system.mongodb.address,
    kafkaBrokers: system.kafka.address,
    topicPrefix: TOPIC_PREFIX,
    logs: join(dataDir, "logs"),
  });
  run.provide("mongodbUrl", system.mongodb.address);
  run.provide("kafkaBrokers", system.kafka.address);
  return async () => {
    const restarted = Object.values(system.services).filter((service) => service.starts() > 1);
    await system.stop();
    if (restarted.length > 0)
      throw new Error(`died during the tests: ${restarted.map(({ name }) => name).join(", ")}`);
    rmSync(dataDir, { recursive: true, force: true });
  };
}

function endToEndTenants(): string[] {
  const files = globSync("e2e/*.test.ts", { cwd: import.meta.dirname });
  return files.map((file) => basename(file, ".test.ts"));
}
