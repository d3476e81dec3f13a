import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { anOrder, aSku } from "@waybill/dev-env/records.ts";
import type { WatchedEvent, WatchOrdersResponse } from "@waybill/proto/orders/v1/fulfillment.ts";
import { cursorsOf } from "@waybill/rpc/cursor.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
  await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as("shop"));
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
/** What the service makes its tokens with. */
const tokens = cursorsOf("orders/watch/1", ["string", "integer"]);

/** The messages of a stream, one by one; disposing it cancels the stream. */
function watch(change: object = {}, tenant = "shop") {
  const request = { statuses: [], ...change };
  const stream = network.fulfillment.watchOrders(request, network.as(tenant))[Symbol.asyncIterator]();
  const next = async (): Promise<WatchOrdersResponse> => (await stream.next()).value;
  return {
    next,
    /** The next so many events, in place of those that are seen already too. */
    async events(count: number, seen: WatchedEvent[] = []): Promise<WatchedEvent[]> {
      while (seen.length < count) {
        const { event } = await next();
        if (event && !seen.some(({ id }) => id === event.id)) seen.push(event);
      }
      return seen;
    },
    [Symbol.asyncDispose]: async () => void (await stream.return!()),
  };
}

async function created(name: string): Promise<string> {
  const { results } = await network.orders.createOrders({ orders: [anOrder(name)] }, as());
  return results[0]!.system_id!;
}

function advanced(names: string[], status: string) {
  const orders = names.map((order_customer_id) => ({ order_customer_id, status }));
  return network.sandbox.advanceOrders({ orders }, as());
}

describe("watching orders", () => {
  it("tells at once where it is, and then every event as the log has it", async () => {
    await created("before");
    await using watcher = watch();
    expect(await watcher.next()).toMatchObject({ event: null, resume_token: expect.any(String) });
    const order = await created("watched");
    await advanced(["watched"], "packed");
    const events = await watcher.events(4);
    expect(events.map(({ order_id, sequence }) => [order_id, sequence])).toEqual(
      [1, 2, 3, 4].map((sequence) => [order, sequence]),
    );
    const { data } = await network.orders.listOrderEvents({ order }, as());
    expect(events.map(({ order_id: _, ...event }) => event)).toEqual(data);
  });

  it("goes on right behind any message, without a gap", async () => {
    const names = ["resumed-1", "resumed-2"];
    await using first = watch();
    const tokensSeen = [(await first.next()).resume_token];
    await Promise.all(names.map(created));
    await advanced(names, "atWarehouse");
    const all: string[] = [];
    while (all.length < 4) {
      const { event, resume_token } = await first.next();
      if (event) all.push(event.id);
      if (event) tokensSeen.push(resume_token);
    }
    for (const [index, resume_token] of tokensSeen.slice(0, -1).entries()) {
      await using again = watch({ resume_token });
      const events = await again.events(all.length - index);
      expect(events.map(({ id }) => id)).toEqual(all.slice(index));
    }
  });

  it("of many orders that move at once loses nothing over many interruptions", async () => {
    const names = Array.from({ length: 20 }, (_, index) => `many-${index}`);
    let resume_token = await (async () => {
      await using first = watch();
      return (await first.next()).resume_token;
    })();
    const moving = (async () => {
      await network.orders.createOrders({ orders: names.map((name) => anOrder(name)) }, as());
      await advanced(names, "delivered");
    })();
    const sequences = new Map<string, number[]>();
    const isWhole = () => [...sequences.values()].filter((some) => some.includes(6)).length === names.length;
    while (!isWhole()) {
      await using part = watch({ resume_token });
      for (let taken = 0; taken < 15 && !isWhole(); taken += 1) {
        const message = await part.next();
        resume_token = message.resume_token;
        if (!message.event) continue;
        const seen = sequences.get(message.event.order_id) ?? [];
        if (!seen.includes(message.event.sequence)) seen.push(message.event.sequence);
        sequences.set(message.event.order_id, seen);
      }
    }
    await moving;
    expect([...sequences.values()]).toEqual(names.map(() => [1, 2, 3, 4, 5, 6]));
  });

  it("can be narrowed to one order, and to the statuses that events leave an order in", async () => {
    const order = await created("narrow");
    await using ofOne = watch({ order });
    await using ofPacked = watch({ statuses: ["packed", "delivered"] });
    await Promise.all([ofOne.next(), ofPacked.next()]);
    await created("beside");
    await advanced(["beside", "narrow"], "delivered");
    expect((await ofOne.events(5)).map(({ order_id }) => order_id)).toEqual(Array(5).fill(order));
    const statuses = (await ofPacked.events(4)).map(({ data }) => JSON.parse(data).status);
    expect(statuses.toSorted()).toEqual(["delivered", "delivered", "packed", "packed"]);
  });

  it("shows a tenant its own orders only", async () => {
    await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as("other"));
    await using watcher = watch({}, "other");
    await watcher.next();
    await created("not-theirs");
    await network.orders.createOrders({ orders: [anOrder("theirs")] }, network.as("other"));
    const [event] = await watcher.events(1);
    expect(JSON.parse(event!.data).customer_identifier).toBe("theirs");
  });

  it("reads the log from the time of a token that the database no longer reaches back to", async () => {
    const order = await created("long-ago");
    const atMs = Date.now();
    const ofTheFirstSecond = "820000000100000001";
    await using watcher = watch({ order, resume_token: tokens.encode([ofTheFirstSecond, atMs]) });
    expect(await watcher.events(1)).toMatchObject([{ order_id: order, sequence: 1 }]);
    await advanced(["long-ago"], "atWarehouse");
    expect(await watcher.events(1)).toMatchObject([{ order_id: order, sequence: 2 }]);
  });

  it.each([
    ["nonsense", "nonsense", "INVALID_REQUEST"],
    ["older than the log", tokens.encode(["", Date.now() - 91 * 24 * 3600 * 1000]), "RESUME_TOKEN_EXPIRED"],
  ])("refuses a token that is %s", async (_, resume_token, code) => {
    await using watcher = watch({ resume_token });
    await expect(watcher.next()).rejects.toMatchObject({ code });
  });
});
