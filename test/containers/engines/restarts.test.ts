import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Engine, OwnedEngine } from "@waybill/dev-env/engine/engine.ts";
import { startKafka } from "@waybill/dev-env/kafka/start.ts";
import { startMongodb } from "@waybill/dev-env/mongodb/start.ts";
import { Kafka, logLevel } from "kafkajs";
import { MongoClient } from "mongodb";
import { expect, onTestFinished, test } from "vitest";

/** An engine in a container, with what is stored in it and read from it. */
interface Case {
  start: (dataDir: string) => Promise<Engine>;
  store: (address: string) => Promise<void>;
  stored: (address: string) => Promise<unknown[]>;
}

const options = { port: 0, env: { ...process.env, WAYBILL_ENGINE: "container" }, report: () => {} };

const mongodb: Case = {
  start: (dataDir) => startMongodb({ ...options, dataDir }),
  store: (address) => withMongo(address, async (orders) => void (await orders.insertOne({ _id: "kept" }))),
  stored: (address) => withMongo(address, (orders) => orders.distinct("_id")),
};
const kafka: Case = {
  start: (dataDir) => startKafka({ ...options, dataDir }),
  store: (address) =>
    withKafka(address, async (admin) => void (await admin.createTopics({ topics: [{ topic: "kept" }] }))),
  stored: (address) => withKafka(address, (admin) => admin.listTopics()),
};

test.each([
  ["MongoDB", mongodb],
  ["Kafka", kafka],
])("%s comes back with its data when its container was killed", async (_name, engine) => {
  const running = owned(await engine.start(temporaryFolder()));
  onTestFinished(running.stop);
  await engine.store(running.address);
  const ends: string[] = [];
  running.onExit((reason) => ends.push(reason));
  await running.kill();
  await running.restart();
  expect(await engine.stored(running.address)).toEqual(["kept"]);
  expect(ends).toEqual(["ended with exit code 137"]);
});

function owned(engine: Engine): OwnedEngine {
  if (!engine.owned) throw new Error("unset MONGODB_URL and KAFKA_BROKERS");
  return engine;
}

async function withMongo<T>(
  address: string,
  work: (orders: ReturnType<typeof ordersOf>) => Promise<T>,
): Promise<T> {
  const client = new MongoClient(address);
  try {
    return await work(ordersOf(client));
  } finally {
    await client.close();
  }
}

const ordersOf = (client: MongoClient) => client.db("shop").collection<{ _id: string }>("orders");

async function withKafka<T>(
  address: string,
  work: (admin: ReturnType<Kafka["admin"]>) => Promise<T>,
): Promise<T> {
  const admin = new Kafka({ brokers: [address], logLevel: logLevel.NOTHING }).admin();
  try {
    await admin.connect();
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "waybill-containers-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
