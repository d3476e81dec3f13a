import { setTimeout as delay } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import {
  startReceiver,
  type ReceivedWebhook,
  type Receiver,
} from "../../services/callbacks/test/receiver.ts";
import { anOrder } from "./order.ts";
import { killRandomly, watchDeaths } from "./chaos.ts";
import { randomFrom, seedOfRun } from "./random.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

const CHAOS_MS = 30_000;
const WRITERS = 4;
const PACE_MS = 400;
const VICTIMS = ["orders", "line-items", "groupings", "callbacks", "gateway", "mongodb", "kafka"] as const;
const STATUSES = ["atWarehouse", "inProcess", "packed", "fulfilled"];

let faults: FaultSystem;
let receiver: Receiver;
let secret: string;
beforeAll(async () => {
  faults = await startFaultSystem(false);
  receiver = await startReceiver();
  await faults.send("POST", "/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
  const url = receiver.url("/hook");
  const registered = await faults.send("POST", "/callbacks", [{ url, message_type: "orderEvent" }]);
  ({ secret } = registered!.body.results[0]);
});
afterAll(async () => {
  await faults[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

describe("kill -9 of any process at random moments while orders are created and shipped", () => {
  it("loses no webhook and sends none out of order; a repeat has the same id and bytes", async () => {
    const random = randomFrom(seedOfRun());
    const until = Date.now() + CHAOS_MS;
    const shipped: string[] = [];
    const writers = Array.from({ length: WRITERS }, (_, writer) => work(writer, until, shipped));
    const died = watchDeaths(faults);
    const kills = await killRandomly(faults, VICTIMS, random, until);
    await Promise.all(writers);
    process.stdout.write(`${shipped.length} orders shipped under ${kills} kills\n`);
    expect(died()).toEqual(VICTIMS.toSorted());
    expect(shipped.length).toBeGreaterThan(20);

    await vi.waitUntil(() => shipped.every((id) => firstsOf(id).length === STATUSES.length), {
      timeout: 60_000,
      interval: 250,
    });
    for (const id of shipped) {
      expect(firstsOf(id).map(({ body }) => JSON.parse(body).data[0].status)).toEqual(STATUSES);
    }
    for (const [id, copies] of Map.groupBy(receiver.at("/hook"), ({ headers }) => headers["webhook-id"])) {
      expect(new Set(copies.map(({ body }) => body)).size, `copies of ${String(id)}`).toBe(1);
      for (const { body, headers } of copies) new Webhook(secret).verify(body, headers as any);
    }
  });
});

/** Creates and ships orders, each request repeated until it is answered. */
async function work(writer: number, until: number, shipped: string[]): Promise<void> {
  for (let request = 0; Date.now() < until; request += 1) {
    await delay(PACE_MS);
    const name = `w${writer}-${request}`;
    const [created] = await untilAnswered("/orders", [anOrder(name)]);
    expect(created.status).toBe("success");
    const [moved] = await untilAnswered("/data_factory/shipOrder", [{ order_customer_id: name }]);
    expect([moved.status, moved.reason]).toEqual(["success", null]);
    shipped.push(created.system_id);
  }
}

function untilAnswered(path: string, body: unknown): Promise<any[]> {
  return vi.waitUntil(
    async () => {
      const answer = await faults.send("POST", path, body);
      return answer?.status === 200 ? answer.body.results : null;
    },
    { timeout: 90_000, interval: 200 },
  );
}

/** An order's webhooks, each when it arrived first, in the order of that. */
function firstsOf(orderId: string): ReceivedWebhook[] {
  const firsts = new Map<unknown, ReceivedWebhook>();
  for (const webhook of receiver.at("/hook")) {
    const { "webhook-id": id, "waybill-order-id": order } = webhook.headers;
    if (order === orderId && !firsts.has(id)) firsts.set(id, webhook);
  }
  return [...firsts.values()];
}
