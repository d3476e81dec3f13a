import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { OwnedEngine } from "../../dev-env/src/engine/engine.ts";
import { startKafka } from "../../dev-env/src/kafka/start.ts";
import { rowsOf, startTestRelay, testDatabase, testTopics, until } from "./harness.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

const dataDir = mkdtempSync(join(tmpdir(), "waybill-relay-"));
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

test("events written while Kafka is down arrive in order when it is back, and a relay can stop meanwhile", async () => {
  const database = await testDatabase();
  const kafka = testTopics(broker.address);
  const reader = await readTopics(kafka);
  const first = startTestRelay(database, kafka);
  await database.outbox.insertMany(rowsOf("o1", 1, 3));
  await reader.complete(new Map([["o1", 3]]));

  await broker.kill();
  await database.outbox.insertMany(rowsOf("o1", 4, 6));
  const second = startTestRelay(database, kafka);
  await until(async () => (await database.slots.distinct("owner")).length === 2);
  const stoppingAt = performance.now();
  await first.stop();
  expect(performance.now() - stoppingAt).toBeLessThan(8_000);
  await database.outbox.insertMany(rowsOf("o1", 7, 9));
  await broker.restart();
  await reader.complete(new Map([["o1", 9]]), 20_000);
  expect(outOfOrder(reader.received)).toEqual([]);
  await second.stop();
});
