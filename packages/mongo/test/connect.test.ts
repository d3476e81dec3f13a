import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, onTestFinished, test } from "vitest";
import { freePort } from "../../dev-env/src/engine/free-port.ts";
import { startMongodb } from "../../dev-env/src/mongodb/start.ts";
import { connectMongo } from "../src/connect.ts";
import { isDuplicateKey, isWriteConflict, mongoFailure } from "../src/failures.ts";
import { testDatabase } from "./harness.ts";

const never = new AbortController().signal;

async function startPrivate(port: number) {
  const dataDir = mkdtempSync(join(tmpdir(), "waybill-mongo-"));
  const env = { ...process.env, MONGODB_URL: "" };
  const engine = await startMongodb({ dataDir, port, env, ephemeral: true, report: () => undefined });
  if (!engine.owned) throw new Error("expected a MongoDB of our own");
  onTestFinished(async () => {
    await engine.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });
  return engine;
}

const urlOf = (port: number) => `mongodb://127.0.0.1:${port}/?directConnection=true`;

test("a client waits until MongoDB is there, saying so once; when it crashes, that is a refusal to repeat", async () => {
  const port = await freePort();
  const waited: unknown[] = [];
  const noticed = Promise.withResolvers<void>();
  const connecting = connectMongo(urlOf(port), never, (error) => {
    waited.push(error);
    noticed.resolve();
  });
  await noticed.promise;
  const engine = await startPrivate(port);
  const client = await connecting;
  onTestFinished(() => client.close());
  expect(await client.db("test").command({ ping: 1 })).toMatchObject({ ok: 1 });
  expect(waited).toHaveLength(1);

  await engine.kill();
  const things = client.db("test").collection("a");
  const writes = [
    things.insertOne({ n: 1 }),
    things.insertMany([{ n: 1 }]),
    things.bulkWrite([{ updateOne: { filter: {}, update: { $set: { n: 1 } } } }]),
  ];
  for (const error of await Promise.all(writes.map((write) => write.catch((caught: unknown) => caught)))) {
    expect(mongoFailure(error)).toMatchObject({
      code: "DEPENDENCY_UNAVAILABLE",
      retryAfterMs: 2_000,
      cause: error,
    });
    expect(mongoFailure(error)!.message).not.toContain("127.0.0.1");
  }
});

test("waiting ends when it is aborted", async () => {
  const stopping = new AbortController();
  const waiting = connectMongo(urlOf(await freePort()), stopping.signal, () => stopping.abort());
  await expect(waiting).rejects.toMatchObject({ name: "AbortError" });
});

test("it does not begin when it is aborted already", async () => {
  const connecting = connectMongo(inject("mongodbUrl"), AbortSignal.abort(), () => undefined);
  await expect(connecting).rejects.toMatchObject({ name: "AbortError" });
});

test("a client writes to a majority's journals and reads what a majority has", async () => {
  const { client } = await testDatabase();
  expect(client.options.writeConcern).toMatchObject({ w: "majority", journal: true });
  expect(client.options.readConcern).toMatchObject({ level: "majority" });
});

test("a duplicate key is recognized, alone, among many and in a transaction, and is no outage", async () => {
  const { client, db } = await testDatabase();
  const things = db.collection<{ _id: number }>("things");
  await things.insertOne({ _id: 1 });
  const session = client.startSession();
  session.startTransaction();
  const errors = [
    await things.insertOne({ _id: 1 }).catch((error: unknown) => error),
    await things.insertMany([{ _id: 2 }, { _id: 1 }]).catch((error: unknown) => error),
    await things.insertMany([{ _id: 3 }, { _id: 1 }], { session }).catch((error: unknown) => error),
  ];
  await session.endSession();
  expect(errors.map(isDuplicateKey)).toEqual([true, true, true]);
  expect(errors.map(mongoFailure)).toEqual([null, null, null]);
});

test("a lost race of two transactions is recognized, and is a refusal to repeat", async () => {
  const { client, db } = await testDatabase();
  const things = db.collection<{ _id: number; n: number }>("things");
  await things.insertOne({ _id: 1, n: 0 });
  await using first = client.startSession();
  await using second = client.startSession();
  first.startTransaction();
  second.startTransaction();
  await things.updateOne({ _id: 1 }, { $set: { n: 1 } }, { session: first });
  const error = await things
    .updateOne({ _id: 1 }, { $set: { n: 2 } }, { session: second })
    .catch((caught: unknown) => caught);
  expect(isWriteConflict(error)).toBe(true);
  expect(mongoFailure(error)).toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
  expect(isDuplicateKey(error)).toBe(false);
});

test("a fault of the program is no outage", async () => {
  const { db } = await testDatabase();
  const error = await db.command({ nothing: 1 }).catch((caught: unknown) => caught);
  expect(mongoFailure(error)).toBeNull();
  expect(mongoFailure(new TypeError("x"))).toBeNull();
});
