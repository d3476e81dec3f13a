import type { Engine, OwnedEngine } from "@waybill/dev-env/engine/engine.ts";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { anOrder } from "./order.ts";
import { readOrderEvents } from "./order-topic.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

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

describe("while MongoDB takes no writes", () => {
  it("a create is 503 for the whole call, and a repeat makes one order of it", async () => {
    const client = await new MongoClient(faults.system.mongodb.address).connect();
    await client.db("admin").command({ fsync: 1, lock: true });
    const answers = await createsInEveryMode("locked");
    await client.db("admin").command({ fsyncUnlock: 1 });
    await client.close();
    // Trying out writes nothing.
    expect(answers).toEqual({ partial: 503, atomic: 503, validate_only: 200 });
    await createsOnce("locked");
  });
});

describe.each(["orders", "line-items"] as const)("while %s is frozen", (service) => {
  it("a create is 503 for the whole call, and a repeat makes one order of it", async () => {
    const pid = faults.system.services[service].pid()!;
    process.kill(pid, "SIGSTOP");
    const answers = await createsInEveryMode(`frozen-${service}`).finally(() => process.kill(pid, "SIGCONT"));
    expect(answers).toEqual({ partial: 503, atomic: 503, validate_only: 503 });
    await createsOnce(`frozen-${service}`);
  });
});

const modes = ["partial", "atomic", "validate_only"] as const;

/** The status of a create in each mode. */
async function createsInEveryMode(name: string): Promise<Record<string, number | undefined>> {
  const statuses = modes.map(async (mode) => {
    const answer = await faults.send("POST", `/orders?mode=${mode}`, [anOrder(`${name}-${mode}`)]);
    return [mode, answer?.status] as const;
  });
  return Object.fromEntries(await Promise.all(statuses));
}

async function createsOnce(name: string): Promise<void> {
  const orders = modes.map((mode) => anOrder(`${name}-${mode}`));
  const results = await vi.waitUntil(
    async () => (await faults.send("POST", "/orders", orders))?.body.results,
    { timeout: 30_000, interval: 200 },
  );
  expect(results.map(({ code }: any) => code)).toEqual([null, null, null]);
  const cids = modes.map((mode) => `${name}-${mode}`).join(",");
  const { body } = (await faults.send("GET", `/orders?cid=${cids}`))!;
  expect(new Set(body.data.map(({ id }: any) => id))).toEqual(
    new Set(results.map(({ system_id }: any) => system_id)),
  );
}

function owned(engine: Engine): OwnedEngine {
  if (!engine.owned)
    throw new Error("fault tests need engines of their own: unset MONGODB_URL and KAFKA_BROKERS");
  return engine;
}
