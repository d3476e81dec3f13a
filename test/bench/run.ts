// npm run bench: measures Waybill beside what one would write or pick instead, in one run on one machine.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { startKafka } from "@waybill/dev-env/kafka/start.ts";
import { startMongodb } from "@waybill/dev-env/mongodb/start.ts";
import { batches } from "./batches.ts";
import { isKept, type Bench, type Row } from "./bench.ts";
import { callbacks } from "./callbacks.ts";
import { footprint } from "./footprint.ts";
import { gateway } from "./gateway.ts";
import { lists } from "./lists.ts";
import { reads } from "./reads.ts";
import { relay } from "./relay.ts";
import { requests } from "./requests.ts";
import { tableOf, writeResults } from "./results.ts";
import { singles } from "./singles.ts";
import { startup } from "./startup.ts";

/** By the name that `npm run bench -- <name>` takes. */
const benches: Readonly<Record<string, Bench>> = {
  batches,
  singles,
  reads,
  relay,
  gateway,
  lists,
  footprint,
  requests,
  callbacks,
  startup,
};

/** Of `lists`, which reads a page behind so many. */
const ORDERS_MIN = 100_000;
const usage = `usage: npm run bench -- [<${Object.keys(benches).join(" | ")}>…] [--rounds 3] [--short] [--orders ${ORDERS_MIN}]`;
const PHASE_MS = 4_000;
const PHASE_MS_SHORT = 1_000;
const say = (line: string) => void process.stdout.write(`${line}\n`);

const { names, rounds, phaseMs, ordersMax } = readArguments();
const rows: Row[] = [];
for (const name of names) {
  const beganMs = performance.now();
  say(`${name}:`);
  await run(benches[name]!);
  say(`${name} took ${((performance.now() - beganMs) / 1_000).toFixed(0)} s`);
}
if (rows.length > 0) say(`\n${tableOf(rows)}\n\n${writeResults(rows, { rounds, phaseMs })}`);
process.exitCode = rows.every((row) => isKept(row) !== false) ? 0 : 1;

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      options: {
        rounds: { type: "string", default: "3" },
        short: { type: "boolean", default: false },
        orders: { type: "string", default: String(ORDERS_MIN) },
      },
      allowPositionals: true,
    });
    const wanted = Number(values.rounds);
    if (!Number.isInteger(wanted) || wanted < 1) throw new Error("--rounds takes a number");
    const ordersMax = Number(values.orders);
    if (!Number.isInteger(ordersMax) || ordersMax < ORDERS_MIN)
      throw new Error(`--orders takes a number from ${ORDERS_MIN} on`);
    const unknown = positionals.find((name) => !Object.hasOwn(benches, name));
    if (unknown) throw new Error(`there is no bench ${unknown}`);
    return {
      names: positionals.length > 0 ? positionals : Object.keys(benches),
      rounds: values.short ? 1 : wanted,
      phaseMs: values.short ? PHASE_MS_SHORT : PHASE_MS,
      ordersMax,
    };
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n${usage}\n`);
    return process.exit(2);
  }
}

/** Runs a bench against engines of its own. */
async function run(measure: Bench): Promise<void> {
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-bench-"));
  const options = { dataDir, port: 0, env: process.env, ephemeral: true, report: say };
  const [mongodb, kafka] = await Promise.all([startMongodb(options), startKafka(options)]);
  try {
    const engines = { mongodbUrl: mongodb.address, kafkaBrokers: kafka.address };
    const record = (row: Row) => void rows.push(row);
    await measure({ ...engines, report: say, rounds, phaseMs, ordersMax, record });
  } finally {
    await Promise.all([mongodb.stop(), kafka.stop()]);
    rmSync(dataDir, { recursive: true, force: true });
  }
}
