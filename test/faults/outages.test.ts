import type { Engine, OwnedEngine } from "@waybill/dev-env/engine/engine.ts";
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

describe("while line-items is frozen", () => {
  it("a create is 503 for the whole call, never a failure of its records", async () => {
    const pid = faults.system.services["line-items"].pid()!;
    process.kill(pid, "SIGSTOP");
    const answer = await faults.send("POST", "/orders", [anOrder("frozen")]);
    process.kill(pid, "SIGCONT");
    expect(answer?.status).toBe(503);
    const results = await vi.waitUntil(
      async () => (await faults.send("POST", "/orders", [anOrder("frozen")]))?.body.results,
      { timeout: 30_000, interval: 200 },
    );
    expect(results).toMatchObject([{ status: "success" }]);
  });
});

function owned(engine: Engine): OwnedEngine {
  if (!engine.owned)
    throw new Error("fault tests need engines of their own: unset MONGODB_URL and KAFKA_BROKERS");
  return engine;
}
