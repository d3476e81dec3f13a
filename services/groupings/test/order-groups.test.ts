import { newId } from "@waybill/mongo/ids.ts";
import { readFileSync } from "node:fs";
import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anUpdate, aSku } from "@waybill/dev-env/records.ts";
import { GroupOrder, type OrderGroup } from "@waybill/proto/groupings/v1/order_groups.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import type { OrderGroupDocument } from "../src/order-group.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt")] }, as());
});
afterAll(() => network[Symbol.asyncDispose]());

const as = (tenant = "shop") => network.as(tenant);
const example = new URL("../../../test/e2e/documents/002-order-group-request.json", import.meta.url);
const [anOrder] = JSON.parse(readFileSync(example, "utf8")).orders as [GroupOrder];
const order = (id: number | null, change: Partial<GroupOrder> = {}): GroupOrder => ({
  ...GroupOrder.decode(new Uint8Array()),
  ...anOrder,
  id,
  ...change,
});
const create = async (id: number | null, ...orders: GroupOrder[]) =>
  (await network.orderGroups.createOrderGroup({ group: { id, orders } }, as())).group!;
const read = async (id: number) => (await network.orderGroups.getOrderGroup({ id }, as())).group!;
const update = async (id: number, ...orders: GroupOrder[]) =>
  (await network.orderGroups.updateOrderGroup({ id, group: { orders } }, as())).group!;
const idsOf = ({ orders }: OrderGroup) => orders.map(({ id }) => id);
const documents = () => network.groupingsDb.collection<OrderGroupDocument>("order_groups");
const stored = async (id: number) => (await documents().findOne({ tenant_id: network.tenant("shop"), id }))!;

async function told(id: number): Promise<{ type: string; data: unknown }[]> {
  const { _id } = await stored(id);
  const rows = await network.groupingsDb.collection("outbox").find({ aggregate_id: _id }).toArray();
  return rows
    .toSorted((a, b) => a["sequence"] - b["sequence"])
    .map(({ type, data }) => ({ type, data: JSON.parse(data) }));
}

describe("an order group", () => {
  it("keeps the ids that are sent and mints the others from 1,000,000,000 upward", async () => {
    const sent = await create(11, order(13), order(16));
    expect([sent.id, ...idsOf(sent)]).toEqual([11, 13, 16]);
    const minted = await create(null, order(null));
    expect(minted.id).toBeGreaterThanOrEqual(1_000_000_000);
    expect(minted.orders[0]).toMatchObject({ id: minted.orders[0]!.order_nr });
    expect(minted.orders[0]!.order_nr).toBeGreaterThanOrEqual(1_000_000_000);
  });

  it("has orders that are orders, and shows how they stand", async () => {
    const group = await create(21, order(210));
    await network.lineItems.replaceLines(
      { order_id: group.orders[0]!.order_id!, request_id: "l", line_items: [aLine("shirt")] },
      as(),
    );
    expect((await network.orders.getOrder({ order: "210" }, as())).order).toMatchObject({
      id: group.orders[0]!.order_id,
      order_type: "storefront",
      customer_identifier: "storefront-210",
      shipping_address_street_line_one: "Sint-Denijslaan 96",
      shipping_address_country_code: "BE",
      storefront: { order_group_id: 21 },
    });
    expect((await read(21)).orders[0]).toMatchObject({ status: "PENDING", valid: true });
    await network.fulfillment.acceptOrder({ order: "210", request_id: "a" }, as());
    expect((await read(21)).orders[0]).toMatchObject({ status: "APPROVED" });
  });

  it("whose id or whose order's id is taken is refused at its place, and nothing of it is left", async () => {
    await create(31, order(310));
    await expect(create(31, order(311))).rejects.toMatchObject({
      code: "ID_TAKEN",
      violations: [{ pointer: "/group/id" }],
    });
    await expect(create(32, order(312), order(310))).rejects.toMatchObject({
      code: "ID_TAKEN",
      violations: [{ pointer: "/group/orders/1/id" }],
    });
    await expect(read(32)).rejects.toMatchObject({ code: "ORDER_GROUP_NOT_FOUND" });
    for (const name of ["311", "312"])
      await expect(network.orders.getOrder({ order: name }, as())).rejects.toMatchObject({
        code: "ORDER_NOT_FOUND",
      });
    expect(idsOf(await create(32, order(312)))).toEqual([312]);
  });

  it("with amounts in two currencies is not valid, and says so", async () => {
    const dollars = { ...anOrder.prices!, discount: { value: 1, currency: "USD" } };
    const group = await create(41, order(410, { prices: dollars }));
    expect(group.orders[0]).toMatchObject({
      valid: false,
      warnings: ["the amounts are in several currencies: EUR, USD"],
    });
  });

  it("is invisible to another tenant, and listed newest first page by page", async () => {
    for (const id of [1, 2, 3]) {
      const group = { id, orders: [order(id)] };
      await network.orderGroups.createOrderGroup({ group }, as("lister"));
    }
    const first = await network.orderGroups.listOrderGroups({ limit: 2, include_counts: true }, as("lister"));
    expect(first.data.map(({ id }) => id)).toEqual([3, 2]);
    expect(first.total).toBe(3);
    const rest = await network.orderGroups.listOrderGroups({ cursor: first.next_cursor }, as("lister"));
    expect(rest.data.map(({ id }) => id)).toEqual([1]);
    expect(rest.next_cursor).toBeNull();
  });
});

describe("a replacement", () => {
  it("changes, adds and lets go orders, all or none; payment stays as recorded", async () => {
    const begun = await create(51, order(510), order(511));
    await network.orderGroups.recordPayment({ group: 51, order: 510, payment_status: "paid" }, as());
    const changed = await update(51, order(510, { external_order_nr: "new" }), order(512));
    expect(idsOf(changed)).toEqual([510, 512]);
    expect(changed.orders[0]).toMatchObject({
      external_order_nr: "new",
      payment_status: "paid",
      order_id: begun.orders[0]!.order_id,
    });
    const left = await network.orders.getOrder({ order: "511" }, as());
    expect(left.order).toMatchObject({ status: "open", storefront: { order_group_id: null } });
    await expect(update(51, order(510), order(512), order(511))).rejects.toMatchObject({ code: "ID_TAKEN" });
    expect(idsOf(await read(51))).toEqual([510, 512]);
    const orders = ({ orders: shown }: OrderGroup) => shown.map(({ id, order_id }) => ({ id, order_id }));
    const paid = { ...orders(begun)[0]!, payment_status: "paid" };
    expect(await told(51)).toEqual([
      { type: "waybill.order_group.created.v1", data: { id: 51, orders: orders(begun) } },
      { type: "waybill.order_group.payment_recorded.v1", data: { id: 51, order: paid } },
      { type: "waybill.order_group.updated.v1", data: { id: 51, orders: orders(changed) } },
    ]);
  });

  it("reaches an order that an update request has changed meanwhile, as the group still shows it", async () => {
    await create(55, order(550), order(551));
    const record = anUpdate("storefront-550", { order_type: "customer", gift_message: "new" });
    await network.requests.createOrderUpdateRequests({ requests: [record] }, as());
    await expect
      .poll(async () => (await network.orders.getOrder({ order: "550" }, as())).order)
      .toMatchObject({ gift_message: "new", substatus: null });
    expect(idsOf(await read(55))).toEqual([550, 551]);
    const changed = await update(55, order(550, { external_order_nr: "new" }), order(551));
    expect(changed.orders).toMatchObject([{ id: 550, external_order_nr: "new" }, { id: 551 }]);
  });

  it("that fails for a reason that nobody foresaw stays under way, and is carried on", async () => {
    await create(56, order(560), order(561));
    const orders = network.ordersDb.collection("orders");
    const name = { tenant_id: network.tenant("shop"), storefront_id: 561 };
    const { updated_at } = (await orders.findOne(name))!;
    const majority = { writeConcern: { w: "majority" } } as const;
    await orders.updateOne(name, { $set: { updated_at: "broken" } }, majority);
    const asked = [order(560, { external_order_nr: "new" }), order(561, { external_order_nr: "new" })];
    await expect(update(56, ...asked)).rejects.toMatchObject({ code: "INTERNAL" });
    expect((await stored(56)).pending).not.toBeNull();
    await expect(update(56, ...asked)).rejects.toMatchObject({ code: "CONFLICT" });
    await orders.updateOne(name, { $set: { updated_at } }, majority);
    await documents().updateOne(
      { _id: (await stored(56))._id },
      { $set: { pending_since: new Date(Date.now() - 60_000) } },
    );
    await expect.poll(() => stored(56)).toMatchObject({ pending: null });
    expect((await read(56)).orders).toMatchObject(asked.map(({ id }) => ({ id, external_order_nr: "new" })));
    expect((await told(56)).map(({ type }) => type)).toEqual([
      "waybill.order_group.created.v1",
      "waybill.order_group.updated.v1",
    ]);
  });

  it("is refused when an order that it changes is not open any more", async () => {
    const { orders } = await create(61, order(610), order(611));
    const lines = { order_id: orders[0]!.order_id!, request_id: "l", line_items: [aLine("shirt")] };
    await network.lineItems.replaceLines(lines, as());
    await network.fulfillment.acceptOrder({ order: "610", request_id: "a" }, as());
    const changes = [
      order(611, { external_order_nr: "b" }),
      order(610, { external_order_nr: "b" }),
      order(612),
    ];
    await expect(update(61, ...changes)).rejects.toMatchObject({
      code: "STATUS_FORBIDS",
      violations: [{ pointer: "/group/orders/1" }],
    });
    const group = await read(61);
    expect(idsOf(group)).toEqual([610, 611]);
    expect(group.orders[1]).toMatchObject({ external_order_nr: "..." });
    expect(idsOf(await update(61, order(610), order(611, { external_order_nr: "b" })))).toEqual([610, 611]);
  });
});

describe("a group that a crash left in the middle", () => {
  it("is carried on by the sweeper, whether its orders were there already or not", async () => {
    for (const [id, saved] of [
      [71, false],
      [72, true],
    ] as const) {
      await create(id, order(id));
      const document = await stored(id);
      const standing = await network.orders.getOrder({ order: String(id) }, as());
      const pending = {
        id: "00000000-0000-7000-8000-000000000000",
        leaving: [],
        orders: [
          {
            order_id: null,
            storefront_id: saved ? id : id * 10,
            customer_identifier: `storefront-${saved ? id : id * 10}`,
            storefront: standing.order!.storefront!,
          },
        ],
      };
      const longAgo = new Date(Date.now() - 60_000);
      const unseen = { open: false, members: [], pending, pending_since: longAgo };
      await documents().updateOne({ _id: document._id }, { $set: unseen });
      await vi.waitFor(async () => expect(await read(id)).toMatchObject({ id }), {
        timeout: 15_000,
        interval: 50,
      });
      expect(idsOf(await read(id))).toEqual([saved ? id : id * 10]);
    }
  });
});

describe("a group that is sent again with its Idempotency-Key", () => {
  const send = async (key: string, change: Partial<GroupOrder> = {}) => {
    let replayed = false;
    const keyed = { idempotencyKey: key, onReplay: () => (replayed = true) };
    const group = { orders: [order(null, change)] };
    const answer = await network.orderGroups.createOrderGroup({ group }, { ...as(), keyed });
    return { id: answer.group!.id!, replayed };
  };

  it("is there once, also when they come at once; other content is refused", async () => {
    const ids = await Promise.all([1, 2, 3].map(() => send("together")));
    expect(new Set(ids.map(({ id }) => id)).size).toBe(1);
    expect(await send("together")).toEqual({ id: ids[0]!.id, replayed: true });
    await expect(send("together", { external_order_nr: "other" })).rejects.toMatchObject({
      code: "IDEMPOTENCY_KEY_REUSED",
    });
  });

  it("goes on where a crash left the first try", async () => {
    const { id } = await send("crashed");
    const { _id, members } = await stored(id);
    const { storefront } = (await network.orders.getOrder({ order: members[0]!.order_id }, as())).order!;
    const name = { order_id: null, storefront_id: null, customer_identifier: `storefront-${newId()}-0` };
    const pending = { id: newId(), leaving: [], orders: [{ ...name, storefront: storefront! }] };
    await documents().updateOne(
      { _id },
      { $set: { open: false, members: [], pending, pending_since: new Date() } },
    );
    expect(await send("crashed")).toEqual({ id, replayed: false });
    expect((await read(id)).orders).toHaveLength(1);
  });

  it("is another group once the key's day is over", async () => {
    const { id } = await send("daily");
    await documents().updateOne(
      { tenant_id: network.tenant("shop"), id },
      { $set: { created_at: "2026-01-01T00:00:00.000Z" } },
    );
    expect((await send("daily")).id).not.toBe(id);
  });
});

describe("payments", () => {
  it("go forward only, make an order valid, and are told once", async () => {
    const { orders } = await create(81, order(810, { payment_method: "online" }));
    expect(orders[0]).toMatchObject({ valid: false, payment_status: "pending" });
    const record = (payment_status: string) =>
      network.orderGroups.recordPayment({ group: 81, order: 810, payment_status }, as());
    expect((await record("paid")).order).toMatchObject({ valid: true, payment_status: "paid" });
    await record("paid");
    await expect(record("timeout")).rejects.toMatchObject({ code: "PAYMENT_FORBIDS" });
    expect((await told(81)).map(({ type }) => type)).toEqual([
      "waybill.order_group.created.v1",
      "waybill.order_group.payment_recorded.v1",
    ]);
  });
});
