import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "../src/records.ts";
import { startWarehouse, warehouseDelays } from "../src/warehouse.ts";

const AT_ONCE = "0,0,0,0,0";
/** More orders than the warehouse reads at once. */
const MANY = 101;

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
});
afterAll(() => network[Symbol.asyncDispose]());

/** A tenant of one test, and its warehouse. */
async function shop(name: string) {
  const as = () => network.as(name);
  const said: string[] = [];
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("rare")] }, as());
  const arrive = (quantity: number) =>
    network.stockSandbox.createAvailable({ units: [{ sku_customer_id: "rare", quantity }] }, as());
  const { fulfillment, orders } = network;
  return {
    said,
    arrive,
    create: async (...records: ReturnType<typeof anOrder>[]) =>
      (await orders.createOrders({ orders: records }, as())).results.map(({ system_id }) => system_id!),
    hold: (order: string) => fulfillment.holdOrder({ order, request_id: "h", reason: "address" }, as()),
    release: (order: string) => fulfillment.releaseOrder({ order, request_id: "r" }, as()),
    status: async (order: string) => (await orders.getOrder({ order }, as())).order!.status,
    events: async (order: string) => (await orders.listOrderEvents({ order }, as())).data,
    open: (delays: string) =>
      startWarehouse(inject("system").grpc.orders, network.tenant(name), warehouseDelays(delays), (line) =>
        said.push(line),
      ),
  };
}

const until = (condition: () => Promise<boolean>) =>
  vi.waitUntil(condition, { timeout: 20_000, interval: 50 });

describe("the simulated warehouse", () => {
  it("moves an order on to the customer by itself, after it was in each status for as long as is set", async () => {
    const { create, events, status, open } = await shop("moved");
    const [order] = await create(anOrder("moved"));
    await using _warehouse = open("0,400,0,400,0");
    await until(async () => (await status(order!)) === "delivered");
    const told = await events(order!);
    const moves = ["created", "accepted", "started", "packed", "shipped", "delivered"];
    expect(told.map(({ type }) => type)).toEqual(moves.map((move) => `waybill.order.${move}.v1`));
    const times = told.map(({ time }) => Date.parse(time));
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(400);
    expect(times[4]! - times[3]!).toBeGreaterThanOrEqual(400);
  });

  it("leaves what is on hold or waits for stock alone, without a word, and moves it on when it may", async () => {
    const { create, arrive, hold, release, status, open, said } = await shop("held");
    await arrive(1);
    const lacking = anOrder("lacking", { line_items: [aLine("rare", 2)] });
    const [held, waiting, free] = await create(anOrder("held"), lacking, anOrder("free"));
    await hold(held!);
    await using _warehouse = open(AT_ONCE);
    await until(async () => (await status(free!)) === "delivered");
    expect([await status(held!), await status(waiting!)]).toEqual(["open", "open"]);
    await release(held!);
    await arrive(1);
    await until(
      async () => (await status(held!)) === "delivered" && (await status(waiting!)) === "delivered",
    );
    expect(said).toEqual([]);
  });

  it("passes by however many orders that wait for stock, older and newer ones, to one that does not", async () => {
    const { create, arrive, status, open, said } = await shop("passed");
    const waiting = (name: string) =>
      Array.from({ length: MANY }, (_, nth) => anOrder(`${name}-${nth}`, { line_items: [aLine("rare", 2)] }));
    await arrive(1);
    await create(...waiting("older"));
    const [free] = await create(anOrder("free"));
    await create(...waiting("newer"));
    await using _warehouse = open(AT_ONCE);
    await until(async () => (await status(free!)) === "delivered");
    expect(said).toEqual([]);
  });
});

describe("WAREHOUSE_DELAYS_MS", () => {
  it("is read in the order of the statuses", () => {
    const [open, atWarehouse, inProcess, packed, fulfilled] = [0, 1, 20, 300, 4000];
    expect(warehouseDelays("0,1,20,300,4000")).toEqual({ open, atWarehouse, inProcess, packed, fulfilled });
  });

  it.each(["", "1,2,3,4", "1,2,3,4,5,6", "1,2,3,4,-5", "1,2,3,4,x", "1,2,3,4,5.5"])(
    "that is %j is refused by its name",
    (text) => {
      expect(() => warehouseDelays(text)).toThrow("WAREHOUSE_DELAYS_MS must be five numbers");
    },
  );
});
