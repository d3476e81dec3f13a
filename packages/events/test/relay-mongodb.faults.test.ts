import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { OwnedEngine } from "../../dev-env/src/engine/engine.ts";
import { startMongodb } from "../../dev-env/src/mongodb/start.ts";
import { SLOTS } from "../src/outbox.ts";
import { readOutbox } from "../src/relay/outbox-stream.ts";
import { rowsOf, startTestRelay, testDatabase, testTopics, until } from "./harness.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

const dataDir = mkdtempSync(join(tmpdir(), "waybill-relay-"));
let mongodb: OwnedEngine;

beforeAll(async () => {
  const env = { ...process.env, MONGODB_URL: "" };
  const engine = await startMongodb({
    dataDir,
    port: 0,
    env,
    ephemeral: true,
    report: () => undefined,
    testCommands: true,
  });
  if (!engine.owned) throw new Error("expected a MongoDB of our own");
  mongodb = engine;
});

afterAll(async () => {
  await mongodb.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

/** Makes MongoDB fail in this way until the end of the block. */
async function failPoint(client: MongoClient, name: string, mode: object | string, data: object = {}) {
  const configure = (to: object | string) =>
    client.db("admin").command({ configureFailPoint: name, mode: to, data });
  await configure(mode);
  return { off: () => configure("off") };
}

test("when the oplog no longer reaches back to the position, the log is read again from its time", async () => {
  const database = await testDatabase(mongodb.address);
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const first = startTestRelay(database, kafka);
  await database.outbox.insertMany(rowsOf("o1", 1, 3));
  await reader.complete(new Map([["o1", 3]]));
  await first.stop();
  await database.outbox.insertMany(rowsOf("o1", 4, 6));
  // MongoDB tells it when the stream is read, not when it is opened.
  const lost = { failCommands: ["getMore"], errorCode: 286, errorLabels: ["NonResumableChangeStreamError"] };
  const failing = await failPoint(database.client, "failCommand", { times: 1 }, lost);
  startTestRelay(database, kafka);
  await reader.complete(new Map([["o1", 6]]));
  await failing.off();
  expect(outOfOrder(reader.received)).toEqual([]);
});

test("when the oplog loses the position of a running stream, nothing is lost", async () => {
  const database = await testDatabase(mongodb.address);
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  startTestRelay(database, kafka);
  await database.outbox.insertMany(rowsOf("o1", 1, 3));
  await reader.complete(new Map([["o1", 3]]));
  const lost = { failCommands: ["getMore"], errorCode: 286 };
  const failing = await failPoint(database.client, "failCommand", { times: 3 }, lost);
  await database.outbox.insertMany(rowsOf("o1", 4, 6));
  await reader.complete(new Map([["o1", 6]]));
  await failing.off();
  expect(outOfOrder(reader.received)).toEqual([]);
});

test("a row that is being committed while a rescan runs is found by it or by the stream behind it", async () => {
  const { client, db, outbox } = await testDatabase(mongodb.address);
  const stopping = new AbortController();
  const slots = Array.from({ length: SLOTS }, (_, slot) => slot);
  // While the journal is held back, a write is there and not yet committed by a majority.
  const holding = await failPoint(client, "pauseJournalFlusherBeforeFlush", "alwaysOn");
  await outbox.insertMany(rowsOf("o1", 1, 3), { writeConcern: { w: 1 } });
  expect(await outbox.countDocuments()).toBe(0);
  const found: number[] = [];
  for await (const { rows } of readOutbox(
    { client, db, match: { slot: { $in: slots } }, rowsMax: 2_000 },
    { token: null, publishedTo: new Date() },
    stopping.signal,
  )) {
    await holding.off();
    found.push(...rows.map(({ sequence }) => sequence));
    if (found.length === 0) await outbox.insertMany(rowsOf("o2", 4, 4));
    if (found.includes(4)) break;
  }
  expect(found.slice(0, 3)).toEqual([1, 2, 3]);
});

test("a relay outlives a crash of MongoDB", async () => {
  const database = await testDatabase(mongodb.address);
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  startTestRelay(database, kafka);
  await database.outbox.insertMany(rowsOf("o1", 1, 3));
  await reader.complete(new Map([["o1", 3]]));
  await mongodb.kill();
  await mongodb.restart();
  await until(() => database.outbox.insertMany(rowsOf("o1", 4, 6)).catch(() => null));
  await reader.complete(new Map([["o1", 6]]));
  expect(outOfOrder(reader.received)).toEqual([]);
});

test("an idle relay asks MongoDB a few times a second", async () => {
  const database = await testDatabase();
  const client = new MongoClient(inject("mongodbUrl"), { monitorCommands: true });
  const asked = new Map<string, number>();
  client.on("commandStarted", ({ commandName }) => asked.set(commandName, (asked.get(commandName) ?? 0) + 1));
  const relay = startTestRelay({ client, db: client.db(database.db.databaseName) }, testTopics());
  await until(() => (asked.get("getMore") ?? 0) >= 2);
  asked.clear();
  const from = performance.now();
  await until(() => performance.now() - from > 3_000);
  expect(asked.get("getMore")).toBeLessThanOrEqual(5);
  expect([...asked.values()].reduce((a, b) => a + b, 0)).toBeLessThan(30);
  await relay.stop();
  await client.close();
});
