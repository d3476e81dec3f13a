import { randomUUID } from "node:crypto";
import { insertAggregates } from "@waybill/events/aggregates.ts";
import { outboxCollection } from "@waybill/events/outbox.ts";
import { anOrder } from "@waybill/dev-env/records.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { accept, start } from "../src/lifecycle.ts";
import { createOrder, ordersCollection, type OrderDocument } from "../src/order.ts";

const ORDERS = 1_000;
const PACKERS = 12;
const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");

/** Stores orders in process, as if a warehouse had accepted and started them. */
async function storeInProcess(names: readonly string[]): Promise<void> {
  const line = {
    ...LineItem.decode(new Uint8Array()),
    id: newId(),
    sku_id: newId(),
    sku_customer_id: "shirt",
  };
  const creations = names.map((name, index) => {
    const record = anOrder(name);
    const ids = { id: newId(), lineIds: [line.id], reference: "CO/ABCDEF", fingerprint: name, traceparent };
    const now = new Date().toISOString();
    const candidate = { ...ids, customerIdentifier: name, record };
    const created = createOrder(candidate, {
      tenantId: network.tenant("shop"),
      orderNr: 1_000_000_000 + index,
      now,
    });
    const accepted = accept({ ...created.state, sequence: 1 }, [{ ...line, quantity: 1 }]);
    const started = start({ ...accepted.state, sequence: 2 });
    const events = [...created.events, ...accepted.events, ...started.events];
    return { state: { ...started.state, version: 3, sequence: 0 }, events, traceparent };
  });
  const collection = network.ordersDb.collection<OrderDocument>(ordersCollection.name);
  const outbox = network.ordersDb.collection(outboxCollection.name) as never;
  await insertAggregates({ client: network.client, collection, outbox }, creations);
}

/** Packs every order, several at a time, from the last to the first; answers what each packer was told. */
async function packAll(ids: readonly string[]): Promise<Map<string, string>> {
  const told = new Map<string, string>();
  const left = [...ids];
  const work = async () => {
    for (let order = left.pop(); order !== undefined; order = left.pop()) {
      const request = { order, request_id: randomUUID(), lines: [] };
      const answer = network.fulfillment.packOrder(request, as()).then(() => "packed");
      told.set(order, await answer.catch(({ code }: { code: string }) => code));
    }
  };
  await Promise.all(Array.from({ length: PACKERS }, work));
  return told;
}

describe("a cancel that races a pack", () => {
  it(
    `of ${ORDERS} orders never both wins, and the loser is told by which event`,
    { timeout: 120_000 },
    async () => {
      const names = Array.from({ length: ORDERS }, (_, index) => `raced-${index}`);
      await storeInProcess(names);
      const orders = network.ordersDb.collection<OrderDocument>("orders");
      const ids = (await orders.find().sort({ order_nr: 1 }).toArray()).map(({ _id }) => _id);
      const [told] = await Promise.all([
        packAll(ids),
        network.requests.createOrderCancelRequests(
          { requests: names.map((customer_identifier) => ({ customer_identifier })) },
          as(),
        ),
      ]);
      const requests = network.ordersDb.collection("order_requests");
      await vi.waitUntil(async () => (await requests.countDocuments({ status: "pending" })) === 0, {
        timeout: 60_000,
        interval: 100,
      });

      const decided = new Map(
        (await requests.find().toArray()).map((request) => [request["order_id"], request]),
      );
      const all = await network.ordersDb.collection("outbox").find().sort({ sequence: 1 }).toArray();
      const events = Map.groupBy(all, (row): string => row["aggregate_id"]);
      const wins = { packed: 0, canceled: 0 };
      for (const { _id, status, sequence } of await orders.find().toArray()) {
        wins[status as keyof typeof wins] += 1;
        const request = decided.get(_id)!;
        const rows = events.get(_id)!;
        expect(rows.map((row) => row["sequence"])).toEqual(
          Array.from({ length: sequence }, (_, index) => index + 1),
        );
        const types = rows.slice(3).map((row) => row["type"]);
        if (status === "packed") {
          expect(types).toEqual(["waybill.order.packed.v1", "waybill.order_cancel.resolved.v1"]);
          expect(told.get(_id)).toBe("packed");
          expect(request).toMatchObject({
            status: "failure",
            reason: "Order already packed",
            status_at_decision: "packed",
            lost_to: { id: rows[3]!._id, sequence: 4, type: "waybill.order.packed.v1" },
          });
        } else {
          expect(types).toEqual(["waybill.order.canceled.v1", "waybill.order_cancel.resolved.v1"]);
          expect(told.get(_id)).toBe("STATUS_FORBIDS");
          expect(request).toMatchObject({
            status: "success",
            status_at_decision: "inProcess",
            lost_to: null,
          });
        }
      }
      process.stdout.write(`${wins.packed} packed, ${wins.canceled} canceled\n`);
      expect(wins.packed + wins.canceled).toBe(ORDERS);
      expect(Math.min(wins.packed, wins.canceled)).toBeGreaterThan(0);
    },
  );
});
