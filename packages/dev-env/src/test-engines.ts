import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { startKafka } from "./kafka/start.ts";
import { startMongodb } from "./mongodb/start.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Of the MongoDB that all tests of the project share; each file uses databases of its own. */
    mongodbUrl: string;
    /** Of the Kafka that all tests of the project share; each file uses a topic prefix of its own. */
    kafkaBrokers: string;
  }
}

/** Starts one MongoDB and one Kafka for all tests of a project. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-test-"));
  const options = {
    dataDir,
    port: 0,
    env: process.env,
    ephemeral: true,
    report: (line: string) => void process.stdout.write(`${line}\n`),
  };
  const [mongodb, kafka] = await Promise.all([startMongodb(options), startKafka(options)]);
  process.stdout.write(`MongoDB: ${mongodb.origin}\nKafka: ${kafka.origin}\n`);
  project.provide("mongodbUrl", mongodb.address);
  project.provide("kafkaBrokers", kafka.address);
  return async () => {
    await Promise.all([mongodb.stop(), kafka.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  };
}
