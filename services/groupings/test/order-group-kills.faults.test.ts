import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { freePort } from "@waybill/dev-env/engine/free-port.ts";
import { GroupOrder } from "@waybill/proto/groupings/v1/order_groups.ts";
import { services } from "@waybill/proto/services.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import type { OrderGroupDocument } from "../src/order-group.ts";

const script = fileURLToPath(new URL("../../../test/dying-process.ts", import.meta.url));
const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));
const example = new URL("../../../test/e2e/documents/002-order-group-request.json", import.meta.url);
const [anOrder] = JSON.parse(readFileSync(example, "utf8")).orders as [GroupOrder];
// MongoDB ends the transaction of a process that was killed within 12 s; until then it holds what it wrote.
const patient = { timeout: 40_000, interval: 100 };

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const order = (id: number | null, external_order_nr: string): GroupOrder => ({
  ...GroupOrder.decode(new Uint8Array()),
  ...anOrder,
  id,
  external_order_nr,
});
type Groups = TestNetwork["orderGroups"];
const documents = () => network.groupingsDb.collection<OrderGroupDocument>("order_groups");
const stored = (id: number) => documents().findOne({ tenant_id: "shop", id });
const ordersOf = (order_group_id: number) =>
  network.ordersDb.collection("orders").countDocuments({
    tenant_id: "shop",
    "storefront.order_group_id": order_group_id,
  });

/** Where the process is killed: at which of the two commits of a request. */
type Kill = [when: "before" | "after", commit: number];

/** Sends a request to a second instance of the service that is killed there. */
async function killedAt([when, commit]: Kill, send: (groups: Groups) => Promise<unknown>): Promise<void> {
  const port = await freePort();
  const env = {
    ...process.env,
    LOG_LEVEL: "silent",
    MONGODB_URL: inject("mongodbUrl"),
    KAFKA_BROKERS: inject("kafkaBrokers"),
    // Topics of its own, so that what follows events does not commit in it.
    TOPIC_PREFIX: `killed-${port}.`,
    TOPIC_PARTITIONS: "1",
    DATABASE: network.groupingsDb.databaseName,
    GRPC_PORT: String(port),
    ORDERS_ADDRESS: network.addresses.orders,
    LINE_ITEMS_ADDRESS: network.addresses["line-items"],
  };
  const doomed = spawn(process.execPath, [script, main, when, String(commit)], { env, stdio: "inherit" });
  const exit = once(doomed, "exit");
  using channel = openChannel("groupings", `127.0.0.1:${port}`);
  const groups = peer(channel, services["waybill.groupings.v1.OrderGroupService"]);
  const unknown = () => groups.getOrderGroup({ id: 1 }, network.as("nobody"));
  await vi.waitFor(() => expect(unknown()).rejects.toMatchObject({ code: "ORDER_GROUP_NOT_FOUND" }), patient);
  await expect(send(groups)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
  expect((await exit)[1]).toBe("SIGKILL");
}

/** As if the time had passed after which a request that is at it has failed. */
async function letSweeperHaveIt(id: number): Promise<void> {
  const longAgo = new Date(Date.now() - 60_000);
  await documents().updateOne(
    { tenant_id: "shop", id, pending: { $ne: null } },
    { $set: { pending_since: longAgo } },
  );
  await vi.waitFor(
    async () => expect(await stored(id)).toMatchObject({ open: true, pending: null }),
    patient,
  );
}

async function toldOf(id: number): Promise<string[]> {
  const { _id } = (await stored(id))!;
  const rows = await network.groupingsDb.collection("outbox").find({ aggregate_id: _id }).toArray();
  return rows.map(({ type }) => type).toSorted();
}

let groups = 0;
const nextId = () => (groups += 1) * 100;

describe("kill -9 of a service that creates an order group", { timeout: 120_000 }, () => {
  it.concurrent.each<[where: string, kill: Kill, open: boolean | undefined, orders: number]>([
    ["before the group is stored", ["before", 1], undefined, 0],
    ["once it is stored, before its orders are", ["after", 1], false, 0],
    ["once its orders are there, before it shows them", ["before", 2], false, 2],
    ["once it shows them, before that is answered", ["after", 2], true, 2],
  ])("%s: all of it comes to be, once", async (_, kill, open, orders) => {
    const id = nextId();
    const group = { id, orders: [order(id + 1, "a"), order(null, "b")] };
    const keyed = { idempotencyKey: `group-${id}`, onReplay: () => undefined };
    await killedAt(kill, (doomed) => doomed.createOrderGroup({ group }, { ...as(), keyed }));
    expect((await stored(id))?.open).toBe(open);
    expect(await ordersOf(id)).toBe(orders);
    if (!open)
      await expect(network.orderGroups.getOrderGroup({ id }, as())).rejects.toMatchObject({
        code: "ORDER_GROUP_NOT_FOUND",
      });

    if (open === false) await letSweeperHaveIt(id);
    const again = await vi.waitFor(
      () => network.orderGroups.createOrderGroup({ group }, { ...as(), keyed }),
      patient,
    );
    expect(again.group!.orders).toMatchObject([
      { id: id + 1, external_order_nr: "a" },
      { external_order_nr: "b" },
    ]);
    expect(await network.orderGroups.getOrderGroup({ id }, as())).toEqual(again);
    expect(await ordersOf(id)).toBe(2);
    expect(await toldOf(id)).toEqual(["waybill.order_group.created.v1"]);
  });
});

describe("kill -9 of a service that replaces the orders of a group", { timeout: 120_000 }, () => {
  it.concurrent.each<[where: string, kill: Kill, pending: boolean, done: boolean]>([
    ["before it is noted", ["before", 1], false, false],
    ["once it is noted, before the orders change", ["after", 1], true, false],
    ["once the orders have changed, before the group shows it", ["before", 2], true, true],
    ["once the group shows it, before that is answered", ["after", 2], false, true],
  ])("%s: all of it happens, once", async (_, kill, pending, done) => {
    const id = nextId();
    const [kept, left, added] = [id + 1, id + 2, id + 3];
    const before = [order(kept, "old"), order(left, "old")];
    await network.orderGroups.createOrderGroup({ group: { id, orders: before } }, as());
    const request = { id, group: { orders: [order(kept, "new"), order(added, "new")] } };
    await killedAt(kill, (doomed) => doomed.updateOrderGroup(request, as()));
    expect((await stored(id))!.pending !== null).toBe(pending);
    const orderNow = async (name: number) =>
      (await network.orders.getOrder({ order: String(name) }, as())).order!;
    expect((await orderNow(kept)).storefront!.external_order_nr).toBe(done ? "new" : "old");

    if (pending) {
      const meanwhile = network.orderGroups.updateOrderGroup(request, as());
      await expect(meanwhile).rejects.toMatchObject({ code: "CONFLICT" });
      await letSweeperHaveIt(id);
    } else if (!done) {
      await vi.waitFor(() => network.orderGroups.updateOrderGroup(request, as()), patient);
    }
    const { group } = await network.orderGroups.getOrderGroup({ id }, as());
    expect(group!.orders).toMatchObject([kept, added].map((one) => ({ id: one, external_order_nr: "new" })));
    expect(await orderNow(left)).toMatchObject({ status: "open", storefront: { order_group_id: null } });
    expect(await ordersOf(id)).toBe(2);
    expect(await toldOf(id)).toEqual(["waybill.order_group.created.v1", "waybill.order_group.updated.v1"]);
  });
});
