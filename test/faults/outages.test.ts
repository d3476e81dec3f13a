import type { Engine, OwnedEngine } from "@waybill/dev-env/engine/engine.ts";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { anOrder } from "./order.ts";
import { readOrderEvents } from "./order-topic.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

/** Sooner than a service can be ready. */
const KILL_MS = 50;

let faults: FaultSystem;
beforeAll(async () => {
  faults = await startFaultSystem(true);
  await faults.send("POST", "/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
});
afterAll(() => faults[Symbol.asyncDispose]());

describe("while Kafka is down", () => {
  it("orders are created all the same, and their events arrive once it is back", async () => {
    const kafka = owned(faults.system.kafka);
    await kafka.kill();
    const answer = await faults.send("POST", "/orders", [anOrder("kafka-down-1"), anOrder("kafka-down-2")]);
    expect(answer?.body).toMatchObject({ records_succeeded: 2 });
    const ids = answer!.body.results.map(({ system_id }: any) => system_id);
    await kafka.restart();
    const seen = await readOrderEvents(
      faults.system,
      (events) => ids.every((id: string) => events.some(({ orderId }) => orderId === id)),
      30_000,
    );
    expect(new Set(seen.map(({ orderId }) => orderId))).toEqual(new Set(ids));
  });
});

describe("while MongoDB is down", () => {
  it("every call is 503 with Retry-After, and the same body succeeds once it is back", async () => {
    const mongodb = owned(faults.system.mongodb);
    await mongodb.kill();
    for (const [method, path, body] of [
      ["POST", "/orders", [anOrder("mongodb-down")]],
      ["GET", "/orders"],
      ["GET", "/skus"],
    ] as const) {
      const answer = await faults.send(method, path, body);
      expect([path, answer?.status, answer?.body.code]).toEqual([path, 503, "DEPENDENCY_UNAVAILABLE"]);
      expect(Number(answer?.headers.get("retry-after"))).toBeGreaterThan(0);
    }
    await mongodb.restart();
    const results = await vi.waitUntil(
      async () => (await faults.send("POST", "/orders", [anOrder("mongodb-down")]))?.body.results,
      { timeout: 30_000, interval: 200 },
    );
    expect(results).toMatchObject([{ status: "success" }]);
    const listed = await faults.send("GET", "/orders?cid=mongodb-down");
    expect(listed?.body.data).toHaveLength(1);
  });
});

/** Begins an outage; answers how to end it. */
type Outage = () => Promise<() => Promise<void>>;
type Mode = "partial" | "atomic" | "validate_only";

const outages: [name: string, begin: Outage, unharmed: Mode[]][] = [
  [
    "MongoDB is killed",
    async () => {
      const mongodb = owned(faults.system.mongodb);
      await mongodb.kill();
      return () => mongodb.restart();
    },
    [],
  ],
  [
    "MongoDB is frozen",
    async () => {
      const client = await new MongoClient(faults.system.mongodb.address).connect();
      const { pid } = await client.db("admin").command({ serverStatus: 1 });
      await client.close();
      return freeze(Number(pid));
    },
    [],
  ],
  [
    "MongoDB takes no writes",
    async () => {
      const client = await new MongoClient(faults.system.mongodb.address).connect();
      await client.db("admin").command({ fsync: 1, lock: true });
      return async () => {
        await client.db("admin").command({ fsyncUnlock: 1 });
        await client.close();
      };
    },
    // Trying out writes nothing.
    ["validate_only"],
  ],
  ["orders is frozen", async () => freeze(faults.system.services.orders.pid()!), []],
  ["line-items is frozen", async () => freeze(faults.system.services["line-items"].pid()!), []],
  ["orders is down", async () => keepDown("orders"), []],
  ["line-items is down", async () => keepDown("line-items"), []],
];

describe.each(outages)("while %s", (name, begin, unharmed) => {
  it("a create is 503 for the whole call, in its time, and a repeat makes one order of it", async () => {
    const prefix = name.replaceAll(" ", "-");
    for (const { mode, status, code, retryAfter, elapsedMs } of await createsDuring(begin, prefix)) {
      expect([mode, status]).toEqual([mode, unharmed.includes(mode) ? 200 : 503]);
      expect(elapsedMs).toBeLessThan(ANSWER_MS_MAX);
      if (status === 200) continue;
      expect(["DEPENDENCY_UNAVAILABLE", "DEADLINE_EXCEEDED"]).toContain(code);
      expect(retryAfter).toBeGreaterThan(0);
    }
    await createsOnce(prefix);
  });
});

const modes: readonly Mode[] = ["partial", "atomic", "validate_only"];
/** The gateway waits for a service for 15 seconds. */
const ANSWER_MS_MAX = 17_000;

/** What a create is answered with in each mode. */
function createsInEveryMode(name: string) {
  const answers = modes.map(async (mode) => {
    const startedAt = performance.now();
    const answer = await faults.send("POST", `/orders?mode=${mode}`, [anOrder(`${name}-${mode}`)]);
    const elapsedMs = performance.now() - startedAt;
    const retryAfter = Number(answer?.headers.get("retry-after"));
    return { mode, status: answer?.status, code: answer?.body.code, retryAfter, elapsedMs };
  });
  return Promise.all(answers);
}

async function createsDuring(begin: Outage, name: string) {
  const end = await begin();
  try {
    return await createsInEveryMode(name);
  } finally {
    await end();
  }
}

async function createsOnce(name: string): Promise<void> {
  const orders = modes.map((mode) => anOrder(`${name}-${mode}`));
  const results = await vi.waitUntil(
    async () => (await faults.send("POST", "/orders", orders))?.body.results,
    { timeout: 60_000, interval: 200 },
  );
  expect(results.map(({ code }: any) => code)).toEqual([null, null, null]);
  const cids = modes.map((mode) => `${name}-${mode}`).join(",");
  const { body } = (await faults.send("GET", `/orders?cid=${cids}`))!;
  expect(new Set(body.data.map(({ id }: any) => id))).toEqual(
    new Set(results.map(({ system_id }: any) => system_id)),
  );
}

function freeze(pid: number): () => Promise<void> {
  process.kill(pid, "SIGSTOP");
  return async () => void process.kill(pid, "SIGCONT");
}

/** Kills a service again whenever it is started, until the answer is called. */
function keepDown(name: "orders" | "line-items"): () => Promise<void> {
  const service = faults.system.services[name];
  const killing = setInterval(() => service.kill(), KILL_MS);
  service.kill();
  return async () => {
    clearInterval(killing);
    await service.ready();
  };
}

function owned(engine: Engine): OwnedEngine {
  if (!engine.owned)
    throw new Error("fault tests need engines of their own: unset MONGODB_URL and KAFKA_BROKERS");
  return engine;
}
