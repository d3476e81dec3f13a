import { randomUUID } from "node:crypto";
import { aLine, anOrder } from "@waybill/dev-env/records.ts";
import { createContext } from "@waybill/line-items/service.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { createLog } from "@waybill/process/log.ts";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { createLineItems } from "../src/rpc/create-line-items.ts";
import { newStockCalls } from "./stock-calls.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
});
afterAll(() => network[Symbol.asyncDispose]());

const SKUS = 8;

/** The commands that MongoDB gets for a batch of so many orders, on a process that has seen the SKUs before. */
async function commandsOf(tenant: string, orders: number): Promise<string[]> {
  const client = await new MongoClient(inject("mongodbUrl"), { monitorCommands: true }).connect();
  const db = client.db(network.lineItemsDb.databaseName);
  const context = createContext({ client, db }, network.orders, createLog("test", "silent"));
  const commands: string[] = [];
  const batch = (count: number) =>
    createLineItems(
      context,
      {
        orders: Array.from({ length: count }, (_, index) => ({
          order_id: newId(),
          line_items: anOrder("order", {
            line_items: [aLine(`sku-${index % SKUS}`, 1), aLine(`sku-${(index + 3) % SKUS}`, 1)],
          }).line_items,
          line_ids: [newId(), newId()],
        })),
      },
      { ...network.as(tenant), failures: new Map(), idempotencyKey: null, markReplay: () => undefined },
    );
  try {
    await batch(SKUS);
    client.on("commandStarted", ({ commandName }) => commands.push(commandName));
    const { results } = await batch(orders);
    expect(results.filter(({ code }) => code)).toEqual([]);
    client.removeAllListeners("commandStarted");
    return commands;
  } finally {
    await client.close();
  }
}

test("a batch of 1,000 orders is allocated in as many database commands as one of ten", async () => {
  const tenant = `t-${randomUUID().slice(0, 8)}`;
  const calls = newStockCalls(network, tenant);
  await calls.facility("east");
  for (let index = 0; index < SKUS; index += 1) {
    await calls.sku(`sku-${index}`);
    await calls.receive(`sku-${index}`, 10_000);
  }
  const few = await commandsOf(tenant, 10);
  const many = await commandsOf(tenant, 1_000);
  expect(many).toEqual(few);
  expect(many.length).toBeLessThanOrEqual(12);
});

test("orders of untracked SKUs are stored by one insert, without a transaction", async () => {
  const tenant = `t-${randomUUID().slice(0, 8)}`;
  const calls = newStockCalls(network, tenant);
  for (let index = 0; index < SKUS; index += 1) await calls.sku(`sku-${index}`);
  const commands = await commandsOf(tenant, 100);
  expect(commands.filter((name) => name !== "find")).toEqual(["insert"]);
});

test("a SKU is not sold after its retirement was acknowledged, whatever a process has seen before", async () => {
  const tenant = `t-${randomUUID().slice(0, 8)}`;
  const calls = newStockCalls(network, tenant);
  const id = await calls.sku("tea");
  const order = () => anOrder(randomUUID(), { line_items: [aLine("tea")] });
  const create = () => network.orders.createOrders({ orders: [order()] }, network.as(tenant));
  expect((await create()).results[0]).toMatchObject({ status: "success" });
  // Another process than the one that has it in its cache.
  const skus = network.lineItemsDb.collection<{ _id: string }>("skus");
  await skus.updateOne(
    { _id: id },
    { $set: { retired_at: "2026-01-01T00:00:00.000Z" }, $inc: { version: 1 } },
  );
  expect((await create()).results[0]).toMatchObject({ code: "SKU_RETIRED" });
});

test("an order that names a facility which is not there is refused, alone", async () => {
  const tenant = `t-${randomUUID().slice(0, 8)}`;
  await newStockCalls(network, tenant).sku("tea");
  const orders = [{}, { facility_id: "nowhere" }].map((change) =>
    anOrder(randomUUID(), { line_items: [aLine("tea")], routing_policy: "specific_facility", ...change }),
  );
  const { results } = await network.orders.createOrders({ orders }, network.as(tenant));
  expect(results.map(({ code, pointer }) => [code, pointer])).toEqual([
    [null, null],
    ["FACILITY_NOT_FOUND", "/facility_id"],
  ]);
});
