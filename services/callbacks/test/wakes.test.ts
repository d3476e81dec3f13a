import { randomUUID } from "node:crypto";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import type { Db, Long, MongoClient } from "mongodb";
import { pino } from "pino";
import { afterAll, afterEach, beforeAll, beforeEach, expect, inject, test } from "vitest";
import { followWakes, wakesCollection, type Wake } from "../src/engine/wakes.ts";
import { until } from "./harness.ts";

let client: MongoClient;
let db: Db;
beforeAll(async () => {
  client = await connectMongo(inject("mongodbUrl"), new AbortController().signal, () => undefined);
});
beforeEach(async () => {
  db = client.db(`wakes_${randomUUID().slice(0, 8)}`);
  await ensureCollections(db, [wakesCollection]);
});
afterEach(() => db.dropDatabase());
afterAll(() => client.close());

const log = pino({ level: "silent" });
/** Shorter than an idle reader takes to ask again. */
const AT_ONCE_MS = 2_500;
const wakeOf = (id: string, isChanged = false): Wake => ({ callbackIds: [id], isChanged });

/** An instance, and what it heard that wakes somebody. */
function follow() {
  const heard: Wake[] = [];
  const hear = (wake: Wake) => void (wake.callbackIds.length > 0 && heard.push(wake));
  const wakes = followWakes(db, hear, log);
  return { heard, send: wakes.send, [Symbol.asyncDispose]: () => wakes[Symbol.asyncDispose]() };
}

/** The cursors that wait at the server. */
async function waiting(): Promise<Long[]> {
  const found = await client
    .db("admin")
    .aggregate<{
      cursor: { cursorId: Long };
    }>(
      [
        { $currentOp: { allUsers: true, idleCursors: true } },
        { $match: { ns: `${db.databaseName}.wake_log`, "cursor.cursorId": { $exists: true } } },
      ],
      { promoteLongs: false, readConcern: { level: "local" } },
    )
    .toArray();
  return found.map(({ cursor }) => cursor.cursorId);
}

test("what one instance tells all hear that follow, at once, in its order and as it was told", async () => {
  await using one = follow();
  await using other = follow();
  await until(async () => (await waiting()).length === 2);
  const told = [wakeOf("a"), wakeOf("b", true), wakeOf("c")];
  for (const wake of told) {
    const before = other.heard.length;
    one.send(wake);
    await until(() => other.heard.length > before, AT_ONCE_MS);
  }
  expect(other.heard).toEqual(told);
  await until(() => one.heard.length === told.length);
  expect(one.heard).toEqual(told);
});

test("what was told before an instance followed it does not hear", async () => {
  await using one = follow();
  await until(async () => (await waiting()).length === 1);
  one.send(wakeOf("before"));
  await until(() => one.heard.length === 1);
  await using late = follow();
  await until(async () => (await waiting()).length === 2);
  one.send(wakeOf("after"));
  await until(() => late.heard.length > 0);
  expect(late.heard).toEqual([wakeOf("after")]);
});

test("an instance whose cursor MongoDB has ended follows anew, and hears what came meanwhile", async () => {
  await using one = follow();
  await using other = follow();
  await until(async () => (await waiting()).length === 2);
  one.send(wakeOf("before"));
  await until(() => one.heard.length === 1 && other.heard.length === 1);
  await db.command({ killCursors: wakesCollection.name, cursors: await waiting() });
  one.send(wakeOf("meanwhile"));
  const ids = (heard: readonly Wake[]) => new Set(heard.flatMap(({ callbackIds }) => callbackIds));
  await until(() => ids(one.heard).has("meanwhile") && ids(other.heard).has("meanwhile"));
  await until(async () => (await waiting()).length === 2);
  other.send(wakeOf("after"));
  await until(() => ids(one.heard).has("after"), AT_ONCE_MS);
  expect(one.heard.at(-1)).toEqual(wakeOf("after"));
});

test("old wakes make room for new ones", async () => {
  await using one = follow();
  await until(async () => (await waiting()).length === 1);
  const ids = Array.from({ length: 100 }, () => randomUUID());
  for (let told = 0; told < 400; told += 20) {
    for (let nth = 0; nth < 20; nth += 1) one.send({ callbackIds: ids, isChanged: false });
    await until(() => one.heard.length === told + 20);
  }
  const { size } = await db.command({ collStats: wakesCollection.name });
  expect(size).toBeLessThanOrEqual(1024 * 1024);
});
