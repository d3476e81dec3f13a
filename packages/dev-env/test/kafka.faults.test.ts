import { once } from "node:events";
import { createServer } from "node:net";
import { Kafka, logLevel, Partitioners, type Admin } from "kafkajs";
import { expect, onTestFinished, test, vi } from "vitest";
import type { EngineOptions, OwnedEngine } from "../src/engine/engine.ts";
import { freePort } from "../src/engine/free-port.ts";
import { startKafka } from "../src/kafka/start.ts";
import { isListening, nativeEnv, startOwner, temporaryFolder } from "./harness.ts";

const TIME_LIMIT_MS = 40_000;
const TOPIC = "orders";
const quiet = { port: 0, report: () => {}, env: nativeEnv };

async function start(options: EngineOptions): Promise<OwnedEngine> {
  const engine = await startKafka(options);
  onTestFinished(engine.stop);
  if (!engine.owned) throw new Error("expected a Kafka of our own");
  return engine;
}

const clientOf = ({ address }: OwnedEngine) => new Kafka({ brokers: [address], logLevel: logLevel.NOTHING });

async function withAdmin<T>(engine: OwnedEngine, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = clientOf(engine).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function send(engine: OwnedEngine, value: string | Buffer): Promise<void> {
  const producer = clientOf(engine).producer({ createPartitioner: Partitioners.DefaultPartitioner });
  await producer.connect();
  try {
    await producer.send({ topic: TOPIC, acks: -1, messages: [{ value }] });
  } finally {
    await producer.disconnect();
  }
}

const createTopic = (admin: Admin) => admin.createTopics({ topics: [{ topic: TOPIC, numPartitions: 1 }] });
const countMessages = async (admin: Admin) => (await admin.fetchTopicOffsets(TOPIC))[0]?.offset;

test("messages survive a crash, and a start on another port", { timeout: TIME_LIMIT_MS }, async () => {
  const dataDir = await temporaryFolder();
  const first = await start({ ...quiet, dataDir });
  await withAdmin(first, createTopic);
  await send(first, "1");
  await first.kill();
  await first.restart();
  await send(first, "2");
  await first.stop();

  const second = await start({ ...quiet, dataDir });
  expect(second.address).not.toBe(first.address);
  await send(second, "3");
  expect(await withAdmin(second, countMessages)).toBe("3");
});

test("it takes messages of 7 MiB and makes no topics by itself", { timeout: TIME_LIMIT_MS }, async () => {
  const engine = await start({ ...quiet, dataDir: await temporaryFolder(), ephemeral: true });
  await withAdmin(engine, createTopic);
  await send(engine, Buffer.alloc(7 * 1024 * 1024, "x"));
  expect(await withAdmin(engine, countMessages)).toBe("1");
  const unknown = withAdmin(engine, (admin) => admin.fetchTopicMetadata({ topics: ["unknown"] }));
  await expect(unknown).rejects.toThrow("does not host this topic");
});

test("it ends when the process that started it is killed with -9", { timeout: TIME_LIMIT_MS }, async () => {
  const port = await freePort();
  const owner = await startOwner("kafka", await temporaryFolder(), String(port));
  expect(await isListening(port)).toBe(true);
  process.kill(owner.pid, "SIGKILL");
  await vi.waitFor(async () => expect(await isListening(port)).toBe(false), 5000);
});

test("a taken port is an error that names the setting", { timeout: TIME_LIMIT_MS }, async () => {
  const port = await freePort();
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const starting = startKafka({ ...quiet, port, dataDir: await temporaryFolder() });
  await expect(starting).rejects.toThrow(`port ${port} (KAFKA_PORT) is taken`);
});

test("when no way works, the error names each with what it lacks", async () => {
  const env = { WAYBILL_ENGINE: "native", PATH: "" };
  const starting = startKafka({ ...quiet, env, dataDir: await temporaryFolder() });
  await expect(starting).rejects.toThrow(
    "Kafka could not be started. KAFKA_BROKERS: not set; " +
      "container: ruled out by WAYBILL_ENGINE=native; native: no java in JAVA_HOME or on PATH",
  );
});

test("KAFKA_BROKERS without an answer is an error that says so", { timeout: TIME_LIMIT_MS }, async () => {
  const starting = startKafka({ ...quiet, env: { KAFKA_BROKERS: "127.0.0.1:1" }, dataDir: "unused" });
  await expect(starting).rejects.toThrow("KAFKA_BROKERS (127.0.0.1:1) gives no usable Kafka");
});
