import { expect, test } from "vitest";
import { SLOTS } from "../src/outbox.ts";
import { startRelay } from "../src/relay/start-relay.ts";
import { rowsOf, testDatabase, testTopics } from "./harness.ts";
import { readTopics } from "./topic-reader.ts";

test("the relay's thread publishes until it is disposed, and gives its slots back", async () => {
  const { url, db, outbox, slots } = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const settings = { service: "test", logLevel: "silent", mongodbUrl: url, database: db.databaseName, kafka };
  const relay = await startRelay(db, settings);
  await outbox.insertMany(rowsOf("o1", 1, 5));
  await reader.complete(new Map([["o1", 5]]));
  expect(await slots.countDocuments({ owner: null })).toBe(0);
  await relay[Symbol.asyncDispose]();
  expect(await slots.countDocuments({ owner: null })).toBe(SLOTS);
});

test("a thread that waits for MongoDB or for Kafka ends too when it is disposed", async () => {
  const { url, db } = await testDatabase();
  const nobody = "127.0.0.1:1";
  const settings = {
    service: "test",
    logLevel: "silent",
    mongodbUrl: url,
    database: db.databaseName,
    kafka: testTopics(nobody),
  };
  const withoutKafka = await startRelay(db, settings);
  const withoutMongodb = await startRelay(db, {
    ...settings,
    mongodbUrl: `mongodb://${nobody}/?directConnection=true`,
  });
  const from = performance.now();
  await Promise.all([withoutKafka[Symbol.asyncDispose](), withoutMongodb[Symbol.asyncDispose]()]);
  expect(performance.now() - from).toBeLessThan(8_000);
});
