import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portSettings, startSystem, type Ports, type System } from "@waybill/dev-env/system.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import type { MongoClient } from "mongodb";
import type { BenchContext } from "./bench.ts";
import { openSender, type Sender } from "./load.ts";
import { skus } from "./records.ts";

/** The whole system, each service in a process of its own, with one tenant that has the SKUs of `records.ts`. */
export interface Stage extends AsyncDisposable {
  system: System;
  api: Sender;
  mongo: MongoClient;
}

export const TENANT = "bench";
const KEY = "bench_key";

/** Starts it as `npm start` does, against the engines of the bench. */
export async function openStage({ mongodbUrl, kafkaBrokers, report }: BenchContext): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-bench-"));
  opening.defer(() => rmSync(dataDir, { recursive: true, force: true }));
  const system = await startSystem({
    dataDir,
    ports: Object.fromEntries(Object.keys(portSettings).map((name) => [name, 0])) as Ports,
    apiKeys: { [KEY]: TENANT },
    env: { ...process.env, MONGODB_URL: mongodbUrl, KAFKA_BROKERS: kafkaBrokers, LOG_LEVEL: "warn" },
    report,
  });
  opening.defer(() => system.stop());
  const mongo = await connectMongo(mongodbUrl, new AbortController().signal, () => undefined);
  opening.defer(() => mongo.close());
  const api = opening.use(openSender(system.url, KEY));
  await api.send("POST", "/skus", JSON.stringify(skus));
  const open = opening.move();
  return { system, api, mongo, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
