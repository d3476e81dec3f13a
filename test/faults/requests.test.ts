import { randomUUID } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { startReceiver, type Receiver } from "../../services/callbacks/test/receiver.ts";
import { killRandomly } from "./chaos.ts";
import { anOrder } from "./order.ts";
import { randomFrom, seedOfRun } from "./random.ts";
import { startFaultSystem, type FaultSystem } from "./system.ts";

const CHAOS_MS = 30_000;
const WRITERS = 4;
const PACE_MS = 300;
const ANSWERED_MS_MAX = 90_000;

let faults: FaultSystem;
let receiver: Receiver;
beforeAll(async () => {
  faults = await startFaultSystem(false);
  receiver = await startReceiver();
  await faults.send("POST", "/skus", [{ customer_identifier: "shirt" }, { customer_identifier: "hat" }]);
  const url = receiver.url("/hook");
  const types = ["orderUpdateResolution", "orderCancelResolution"];
  await faults.send(
    "POST",
    "/callbacks",
    types.map((message_type) => ({ url, message_type })),
  );
});
afterAll(async () => {
  await faults[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

/** An order and the requests that were made for it, in their order. */
interface Asked {
  order: string;
  updates: string[];
  cancel: string | null;
}

describe("kill -9 of any process at random moments while orders are updated and canceled", () => {
  it("leaves each request resolved once, its webhook told, and each order as its last update made it", async () => {
    const random = randomFrom(seedOfRun());
    const until = Date.now() + CHAOS_MS;
    const asked: Asked[] = [];
    const writers = Array.from({ length: WRITERS }, (_, writer) => work(writer, until, asked));
    const kills = await killRandomly(
      faults,
      ["orders", "line-items", "callbacks", "gateway", "mongodb", "kafka"],
      random,
      until,
    );
    await Promise.all(writers);
    const requests = asked.flatMap(({ updates, cancel }) => [...updates, ...(cancel ? [cancel] : [])]);
    process.stdout.write(`${requests.length} requests for ${asked.length} orders under ${kills} kills\n`);
    expect(requests.length).toBeGreaterThan(20);

    await vi.waitUntil(() => requests.every((id) => messagesOf(id).size > 0), {
      timeout: 120_000,
      interval: 250,
    });
    for (const id of requests) expect([id, messagesOf(id).size]).toEqual([id, 1]);
    for (const one of asked) await expectDone(one);
  });
});

/** Creates orders and asks for two updates of each, and for a cancel of every third. */
async function work(writer: number, until: number, asked: Asked[]): Promise<void> {
  for (let round = 0; Date.now() < until; round += 1) {
    await delay(PACE_MS);
    const name = `w${writer}-${round}`;
    const order = await untilTaken("/orders", anOrder(name));
    const updates: string[] = [];
    for (const quantity of [3, 4]) {
      const line_items = [{ sku_customer_id: "hat", quantity }];
      updates.push(await untilTaken("/order_update_requests", { ...anOrder(name), line_items }));
    }
    const cancel =
      round % 3 === 0 ? await untilTaken("/order_cancel_requests", { customer_identifier: name }) : null;
    asked.push({ order, updates, cancel });
  }
}

/** Sends one record until it is answered, under one key: it is one request, however often. Its system_id. */
async function untilTaken(path: string, record: object): Promise<string> {
  const key = path === "/orders" ? {} : { "idempotency-key": randomUUID() };
  const [result] = await vi.waitUntil(
    async () => {
      const answer = await faults.send("POST", path, [record], key);
      return answer !== null && answer.status < 300 ? answer.body.results : null;
    },
    { timeout: ANSWERED_MS_MAX, interval: 200 },
  );
  expect([result.status, result.reason]).toEqual(["success", null]);
  return result.system_id;
}

/** The ids of the messages that tell how a request was resolved; copies of one have its id. */
function messagesOf(requestId: string): Set<unknown> {
  const told = receiver.at("/hook").filter(({ body }) => JSON.parse(body).data[0].id === requestId);
  return new Set(told.map(({ headers }) => headers["webhook-id"]));
}

async function expectDone({ order, updates, cancel }: Asked): Promise<void> {
  const { body: shown } = (await faults.send("GET", `/orders/${order}`))!;
  expect(shown).toMatchObject({ status: cancel === null ? "open" : "canceled", substatus: null });
  expect(shown.line_items).toMatchObject([{ sku_customer_id: "hat", quantity: 4 }]);
  const { body: events } = (await faults.send("GET", `/orders/${order}/events?limit=100`))!;
  expect(events.data.map(({ sequence }: any) => sequence)).toEqual(
    events.data.map((_: unknown, index: number) => index + 1),
  );
  const resolved = events.data.filter(({ message_type }: any) => message_type?.endsWith("Resolution"));
  expect(resolved.map(({ data }: any) => [data.id, data.status])).toEqual(
    [...updates, ...(cancel === null ? [] : [cancel])].map((id) => [id, "success"]),
  );
}
