import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startKafka } from "@waybill/dev-env/kafka/start.ts";
import { startMongodb } from "@waybill/dev-env/mongodb/start.ts";
import type { Bench } from "./bench.ts";
import { callbacks } from "./callbacks.ts";
import { lists } from "./lists.ts";

/** By the name that `npm run bench -- <name>` takes. */
const benches: Readonly<Record<string, Bench>> = { callbacks, lists };

const [name = ""] = process.argv.slice(2);
const bench = benches[name];
if (!bench) {
  process.stderr.write(`usage: npm run bench -- <${Object.keys(benches).join(" | ")}>\n`);
  process.exit(2);
}
process.exitCode = (await run(bench)) ? 0 : 1;

/** Runs a bench against engines of its own. Answers whether it kept its bounds. */
async function run(measure: Bench): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-bench-"));
  const report = (line: string) => void process.stdout.write(`${line}\n`);
  const options = { dataDir, port: 0, env: process.env, ephemeral: true, report };
  const [mongodb, kafka] = await Promise.all([startMongodb(options), startKafka(options)]);
  try {
    return await measure({ mongodbUrl: mongodb.address, kafkaBrokers: kafka.address, report });
  } finally {
    await Promise.all([mongodb.stop(), kafka.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
}
