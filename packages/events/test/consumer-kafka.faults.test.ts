import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OwnedEngine } from "../../dev-env/src/engine/engine.ts";
import { startKafka } from "../../dev-env/src/kafka/start.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import {
  messagesOf,
  nameOf,
  namesUpTo,
  rememberingLog,
  startTestConsumer,
  testTopic,
} from "./consumer-harness.ts";
import { testTopics, until } from "./harness.ts";

const dataDir = mkdtempSync(join(tmpdir(), "waybill-consumer-"));
let broker: OwnedEngine;

beforeAll(async () => {
  const env = { ...process.env, KAFKA_BROKERS: "" };
  const engine = await startKafka({ dataDir, port: 0, env, ephemeral: true, report: () => undefined });
  if (!engine.owned) throw new Error("expected a Kafka of our own");
  broker = engine;
});

afterAll(async () => {
  await broker.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

test("after a broker was killed and is back, its consumers go on by themselves within 30 s", async () => {
  const topic = await testTopic(broker.address);
  const { log, said } = rememberingLog();
  const seen = new Set<string>();
  startTestConsumer(topic, async (events) => events.forEach((event) => seen.add(nameOf(event))), { log });
  await topic.send(messagesOf("o1", 1, 5));
  await until(async () => (await topic.committed()) === 5);

  await broker.kill();
  await until(() => said.includes("consumer.interrupted"));
  await broker.restart();
  const backAt = performance.now();
  await topic.send(messagesOf("o1", 6, 9));
  await until(() => seen.size === 9, 30_000);
  expect(performance.now() - backAt).toBeLessThan(30_000);
  await until(async () => (await topic.committed()) === 9);
  expect([...seen]).toEqual(namesUpTo(["o1"], 9));
}, 60_000);

test("a consumer that starts before Kafka waits for it, unhealthy, and can be disposed meanwhile", async () => {
  const kafka = testTopics(broker.address);
  await broker.kill();
  const seen: string[] = [];
  const handle = async (events: ConsumedEvent[]) => void seen.push(...events.map(nameOf));
  const consumer = startTestConsumer({ kafka }, handle, { limits: { silentMs: 3_000 } });
  const other = startTestConsumer({ kafka }, handle, { group: "other" });
  await other[Symbol.asyncDispose]();
  await until(() => !consumer.healthy());
  await broker.restart();
  const topic = await testTopic(broker.address, kafka);
  await until(async () => (await topic.topicNames()).some((name) => name.endsWith(".shelf.dlq")));
  await topic.send(messagesOf("o1", 1, 2));
  await until(() => seen.length === 2);
  expect([seen, consumer.healthy()]).toEqual([namesUpTo(["o1"], 2), true]);
});
