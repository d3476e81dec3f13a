import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { killRandomly } from "./chaos.ts";
import { anOrder } from "./order.ts";
import { readOrderEvents, type SeenEvent } from "./order-topic.ts";
import { randomFrom, seedOfRun } from "./random.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

const CHAOS_MS = 35_000;
const WRITERS = 6;
const PACE_MS = 100;
const victims = ["orders", "line-items", "gateway", "mongodb", "kafka"] as const;

let faults: FaultSystem;
beforeAll(async () => {
  faults = await startFaultSystem(false);
  await faults.send("POST", "/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
});
afterAll(() => faults[Symbol.asyncDispose]());

describe("kill -9 of any process at random moments while orders are created", () => {
  it("leaves every acknowledged order there once, with its lines and its event, and nothing else", async () => {
    const random = randomFrom(seedOfRun());
    const until = Date.now() + CHAOS_MS;
    const acknowledged = new Map<string, string>();
    const writers = Array.from({ length: WRITERS }, (_, writer) => write(writer, until, acknowledged));
    const kills = await killRandomly(faults, victims, random, until);
    await Promise.all(writers);
    process.stdout.write(`${acknowledged.size} orders acknowledged under ${kills} kills\n`);
    expect(acknowledged.size).toBeGreaterThan(50);
    expect(kills).toBeGreaterThan(5);

    const listed = await listAll();
    expect(listed.map(({ customer_identifier, id }) => [customer_identifier, id]).sort()).toEqual(
      [...acknowledged].sort(),
    );
    expect(listed.filter(({ line_items }) => line_items.length !== 2)).toEqual([]);

    const expected = new Set(acknowledged.values());
    const seen = await readOrderEvents(faults.system, (events) => covers(events, expected), 60_000);
    expect(new Set(seen.map(({ orderId }) => orderId))).toEqual(expected);
    // One event per order so far: any other number, or two ids for one, would be a gap or a ghost.
    expect(new Set(seen.map(({ sequence }) => sequence))).toEqual(new Set([1]));
    expect(new Set(seen.map(({ id }) => id)).size).toBe(expected.size);
  });
});

/** Creates orders, singly and in batches, and repeats each request until it is answered with success. */
async function write(writer: number, until: number, acknowledged: Map<string, string>): Promise<void> {
  for (let request = 0; Date.now() < until; request += 1) {
    await delay(PACE_MS);
    const size = request % 3 === 0 ? 10 : 1;
    const names = Array.from({ length: size }, (_, index) => `w${writer}-${request}-${index}`);
    const body = names.map(anOrder);
    const results = await vi.waitUntil(
      async () => {
        const answer = await faults.send("POST", "/orders", body);
        return answer?.status === 200 ? answer.body.results : null;
      },
      { timeout: 90_000, interval: 200 },
    );
    for (const { status, system_id, customer_identifier, reason } of results) {
      expect([status, reason]).toEqual(["success", null]);
      acknowledged.set(customer_identifier, system_id);
    }
  }
}

async function listAll(): Promise<any[]> {
  const all: any[] = [];
  for (let offset = 0; ; offset += 100) {
    const answer = await vi.waitUntil(
      async () => {
        const page = await faults.send("GET", `/orders?limit=100&offset=${offset}`);
        return page?.status === 200 ? page : null;
      },
      { timeout: 60_000, interval: 200 },
    );
    all.push(...answer.body.data);
    if (answer.body.data.length < 100) return all;
  }
}

function covers(events: readonly SeenEvent[], expected: ReadonlySet<string>): boolean {
  return (
    events.length >= expected.size && new Set(events.map(({ orderId }) => orderId)).size >= expected.size
  );
}
