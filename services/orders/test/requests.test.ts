import { randomUUID } from "node:crypto";
import { aLine, anOrder, anUpdate, aSku } from "@waybill/dev-env/records.ts";
import type { OrderCancel, OrderUpdate } from "@waybill/proto/orders/v1/order_requests.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import type { LineCount } from "@waybill/proto/orders/v1/fulfillment.ts";
import { afterAll, beforeAll, describe, expect, inject, it, test, vi } from "vitest";
import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { findRequestPage, type RequestFilter } from "../src/request-list.ts";
import type { RequestDocument } from "../src/request.ts";
import { planOf, unindexed } from "./plans.ts";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: ["shirt", "hat"].map((sku) => aSku(sku)) }, as());
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");

async function created(name: string, change = {}): Promise<string> {
  const { results } = await network.orders.createOrders({ orders: [anOrder(name, change)] }, as());
  return results[0]!.system_id!;
}

const askUpdates = async (...requests: OrderUpdate[]) =>
  (await network.requests.createOrderUpdateRequests({ requests }, as())).results;
const askCancels = async (...requests: OrderCancel[]) =>
  (await network.requests.createOrderCancelRequests({ requests }, as())).results;

function decidedUpdate(id: string) {
  return vi.waitUntil(
    async () => {
      const { request } = await network.requests.getOrderUpdateRequest({ id }, as());
      return request!.status === "pending" ? null : request!;
    },
    { timeout: 20_000, interval: 25 },
  );
}

function decidedCancel(id: string) {
  return vi.waitUntil(
    async () => {
      const { request } = await network.requests.getOrderCancelRequest({ id }, as());
      return request!.status === "pending" ? null : request!;
    },
    { timeout: 20_000, interval: 25 },
  );
}

const update = async (name: string, change: Partial<OrderUpdate> = {}) =>
  decidedUpdate((await askUpdates(anUpdate(name, change)))[0]!.system_id!);
const cancel = async (name: string) =>
  decidedCancel((await askCancels({ customer_identifier: name }))[0]!.system_id!);

const orderOf = async (order: string) => (await network.orders.getOrder({ order }, as())).order!;
const eventsOf = async (order: string) =>
  (await network.orders.listOrderEvents({ order, limit: 100 }, as())).data;
const typesOf = async (order: string) =>
  (await eventsOf(order)).map(({ type }) => type.split(".").slice(1, -1).join("."));

async function advance(name: string, status: string): Promise<void> {
  const orders = [{ order_customer_id: name, status }];
  const { results } = await network.sandbox.advanceOrders({ orders }, as());
  expect(results).toMatchObject([{ status: "success" }]);
}

const move = (order: string) => ({ order, request_id: randomUUID(), lines: [] });

describe("an update of an open order", () => {
  it("replaces it whole: what is sent is set, what is left out is cleared or gets its default", async () => {
    const order = await created("whole", {
      priority: 1,
      gift_message: "Happy Birthday",
      value_added_services: ["Handkerchief"],
      order_localization: { language: "en" },
    });
    const before = await orderOf(order);
    const request = await update("whole", {
      shipping_address_city: "Boston",
      line_items: [aLine("hat", 3), aLine("shirt", 1)],
    });
    expect(request).toMatchObject({
      status: "success",
      reason: null,
      code: null,
      status_at_decision: "open",
      version_at_decision: 1,
      order_id: order,
      customer_identifier: "whole",
      customer_order_id: "whole",
    });
    const after = await orderOf(order);
    expect(after).toMatchObject({
      status: "open",
      substatus: null,
      priority: 100,
      gift_message: null,
      value_added_services: [],
      order_localization: {},
      shipping_address_city: "Boston",
      backorder_policy: "backorder",
      order_nr: before.order_nr,
      references: before.references,
      created_at: before.created_at,
    });
    expect(after.line_items.map(({ sku_customer_id, quantity }) => [sku_customer_id, quantity])).toEqual([
      ["hat", 3],
      ["shirt", 1],
    ]);
    expect(after.line_items[1]!.id).toBe(before.line_items[0]!.id);
  });

  it("is told by the event of the update and the resolution, without a gap", async () => {
    const order = await created("told");
    const request = await update("told", { gift_message: "Hello" });
    const events = await eventsOf(order);
    expect(events.map(({ sequence, type, message_type }) => [sequence, type, message_type])).toEqual([
      [1, "waybill.order.created.v1", null],
      [2, "waybill.order.updated.v1", null],
      [3, "waybill.order_update.resolved.v1", "orderUpdateResolution"],
    ]);
    expect(JSON.parse(events[1]!.data)).toMatchObject({ id: order, gift_message: "Hello", status: "open" });
    expect(JSON.parse(events[2]!.data)).toEqual(request);
  });

  it("fails whole when a line's SKU is unknown: nothing has changed, and the order is free", async () => {
    const order = await created("unknown-sku");
    const before = await orderOf(order);
    const request = await update("unknown-sku", {
      gift_message: "Hello",
      line_items: [aLine("hat"), aLine("nothing")],
    });
    expect(request).toMatchObject({
      status: "failure",
      code: "SKU_NOT_FOUND",
      pointer: "/line_items/1/sku_customer_id",
    });
    const after = await orderOf(order);
    expect(after).toEqual({
      ...before,
      version: after.version,
      updated_at: after.updated_at,
    });
    await network.fulfillment.acceptOrder(move(order), as());
  });

  it("leaves an order that is sent again what it is: the content of its creation is remembered", async () => {
    const order = await created("again");
    await update("again", { gift_message: "Hello" });
    const { results } = await network.orders.createOrders({ orders: [anOrder("again")] }, as());
    expect(results).toMatchObject([{ status: "success", system_id: order }]);
    expect((await orderOf(order)).gift_message).toBe("Hello");
  });
});

describe("an update of an order that counts its units", () => {
  it.each(["atWarehouse", "inProcess"])("%s has the warehouse count the new lines", async (status) => {
    const order = await created(`counted-${status}`, { line_items: [aLine("shirt", 2)] });
    await advance(`counted-${status}`, status);
    const request = await update(`counted-${status}`, { line_items: [aLine("hat", 4)] });
    expect(request).toMatchObject({ status: "success", status_at_decision: status });
    const shown = await orderOf(order);
    expect(shown).toMatchObject({ status, line_items: [{ sku_customer_id: "hat", quantity: 4 }] });
    await advance(`counted-${status}`, "fulfilled");
    expect(
      (await orderOf(order)).shipments.flatMap(({ shipment_line_items }) => shipment_line_items),
    ).toMatchObject([{ sku_customer_id: "hat", quantity: 4 }]);
  });

  it("keeps what was given up of a line that stays", async () => {
    const order = await created("given-up", { line_items: [aLine("shirt", 5)] });
    await advance("given-up", "atWarehouse");
    const shorts = [{ sku_customer_id: "shirt", quantity: 2, reason: "damage" }];
    await network.fulfillment.shortOrder({ ...move(order), shorts }, as());
    await update("given-up", { line_items: [aLine("shirt", 6), aLine("hat", 1)] });
    const stored = await network.ordersDb
      .collection("orders")
      .findOne({ tenant_id: network.tenant("shop"), customer_identifier: "given-up" });
    expect(
      stored!["line_counts"].map(({ ordered, outstanding, shorted }: LineCount) => [
        ordered,
        outstanding,
        shorted,
      ]),
    ).toEqual([
      [6, 4, 2],
      [1, 1, 0],
    ]);
  });
});

describe("a request that comes too late says what it lost to", () => {
  it.each([
    ["packed", "Order already packed", "waybill.order.packed.v1"],
    ["fulfilled", "Order already shipped", "waybill.order.shipped.v1"],
    ["delivered", "Order already delivered", "waybill.order.delivered.v1"],
  ])("%s", async (status, reason, type) => {
    const order = await created(`late-${status}`);
    await advance(`late-${status}`, status);
    const row = (await eventsOf(order)).find((event) => event.type === type)!;
    const lost_to = { id: row.id, sequence: row.sequence, type };
    const late = { status: "failure", code: "STATUS_FORBIDS", reason, status_at_decision: status, lost_to };
    expect(await update(`late-${status}`)).toMatchObject(late);
    expect(await cancel(`late-${status}`)).toMatchObject(late);
    const resolutions = (await eventsOf(order)).slice(-2);
    expect(
      resolutions.map(({ sequence, message_type }) => [sequence - row.sequence > 0, message_type]),
    ).toEqual([
      [true, "orderUpdateResolution"],
      [true, "orderCancelResolution"],
    ]);
    expect(JSON.parse(resolutions[0]!.data)).toMatchObject({ reason, lost_to });
  });

  it("canceled", async () => {
    await created("late-canceled");
    await cancel("late-canceled");
    const late = {
      reason: "Order already canceled",
      lost_to: { type: "waybill.order.canceled.v1", sequence: 2 },
    };
    expect(await cancel("late-canceled")).toMatchObject(late);
    expect(await update("late-canceled")).toMatchObject(late);
  });
});

describe("base_version", () => {
  it("applies to the version it names, and to no other", async () => {
    const order = await created("based");
    expect(await update("based", { base_version: 1 })).toMatchObject({ status: "success", base_version: 1 });
    const { version } = await orderOf(order);
    const stale = await update("based", { base_version: 1, gift_message: "lost" });
    expect(stale).toMatchObject({
      status: "failure",
      code: "CONFLICT",
      pointer: "/base_version",
      version_at_decision: version,
      lost_to: { sequence: 3, type: "waybill.order_update.resolved.v1" },
    });
    expect((await orderOf(order)).gift_message).toBeNull();
  });

  it("of a version that is not there yet loses to nobody", async () => {
    await created("ahead");
    expect(await update("ahead", { base_version: 9 })).toMatchObject({
      status: "failure",
      lost_to: null,
    });
  });
});

describe("several requests for one order", () => {
  it("in one call apply in their order", async () => {
    const order = await created("several");
    const messages = Array.from({ length: 8 }, (_, index) => `message ${index}`);
    const results = await askUpdates(
      ...messages.map((gift_message) => anUpdate("several", { gift_message })),
    );
    const requests = await Promise.all(results.map(({ system_id }) => decidedUpdate(system_id!)));
    expect(requests.map(({ status }) => status)).toEqual(messages.map(() => "success"));
    const events = (await eventsOf(order)).filter(({ type }) => type === "waybill.order.updated.v1");
    expect(events.map(({ data }) => JSON.parse(data).gift_message)).toEqual(messages);
    expect((await orderOf(order)).gift_message).toBe("message 7");
  });

  it("of both kinds are decided one after the other", async () => {
    const order = await created("mixed");
    const updated = await askUpdates(anUpdate("mixed", { gift_message: "first" }));
    const canceled = await askCancels({ customer_identifier: "mixed" });
    const late = await askUpdates(anUpdate("mixed", { gift_message: "last" }));
    expect(await decidedUpdate(updated[0]!.system_id!)).toMatchObject({ status: "success" });
    expect(await decidedCancel(canceled[0]!.system_id!)).toMatchObject({ status: "success" });
    expect(await decidedUpdate(late[0]!.system_id!)).toMatchObject({ reason: "Order already canceled" });
    expect(await typesOf(order)).toEqual([
      "order.created",
      "order.updated",
      "order_update.resolved",
      "order.canceled",
      "order_cancel.resolved",
      "order_update.resolved",
    ]);
  });
});

describe("a cancel", () => {
  it.each(["open", "atWarehouse", "inProcess"])("of an order %s cancels every unit", async (status) => {
    const order = await created(`cancel-${status}`, { line_items: [aLine("shirt", 2), aLine("hat", 1)] });
    if (status !== "open") await advance(`cancel-${status}`, status);
    const request = await cancel(`cancel-${status}`);
    expect(request).toMatchObject({ status: "success", status_at_decision: status });
    expect(await orderOf(order)).toMatchObject({ status: "canceled", substatus: null });
    const [canceled, resolution] = (await eventsOf(order)).slice(-2);
    expect(canceled).toMatchObject({ type: "waybill.order.canceled.v1", message_type: "orderEvent" });
    const data = JSON.parse(canceled!.data);
    expect(data.status).toBe("canceled");
    expect(data.movements.map(({ kind, quantity }: Movement) => [kind, quantity])).toEqual([
      ["canceled", 2],
      ["canceled", 1],
    ]);
    expect(resolution).toMatchObject({ message_type: "orderCancelResolution" });
  });

  it("by a request id of the caller's is one request, however often it is sent", async () => {
    const order = await created("chosen");
    const record = { customer_identifier: "chosen", order_cancel_request_id: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 5 }, () => askCancels(record, record)));
    const results = answers.flat();
    expect(new Set(results.map(({ system_id }) => system_id))).toEqual(
      new Set([record.order_cancel_request_id]),
    );
    await decidedCancel(record.order_cancel_request_id);
    expect(await askCancels(record)).toMatchObject([{ status: "success" }]);
    expect(await typesOf(order)).toEqual(["order.created", "order.canceled", "order_cancel.resolved"]);
  });

  it("by the id alone finds that request again, also in the call that makes it", async () => {
    await created("found");
    const id = randomUUID();
    const results = await askCancels(
      { order_cancel_request_id: id },
      { customer_identifier: "found", order_cancel_request_id: id },
      { order_cancel_request_id: randomUUID() },
    );
    expect(results).toMatchObject([
      { status: "success", system_id: id, customer_identifier: "found" },
      { status: "success", system_id: id },
      { status: "failure", code: "REQUEST_NOT_FOUND" },
    ]);
  });

  it("by an id that is taken is refused: by another order's request, by the order itself", async () => {
    const order = await created("taken-1");
    await created("taken-2");
    const id = randomUUID();
    const results = await askCancels(
      { customer_identifier: "taken-1", order_cancel_request_id: id },
      { customer_identifier: "taken-2", order_cancel_request_id: id },
      { customer_identifier: "taken-2", order_cancel_request_id: order },
    );
    expect(results.map(({ code }) => code)).toEqual([null, "DUPLICATE_REQUEST", "DUPLICATE_REQUEST"]);
  });
});

describe("what fails at once", () => {
  it("is a record that breaks a rule or names no order, and none of its neighbors", async () => {
    await created("neighbor");
    const contradiction = { backorder_policy: "partial_ship", split_policy: "single_shipment" };
    const updates = await askUpdates(
      anUpdate("nobody"),
      anUpdate("neighbor", { shipping_address_city: null }),
      anUpdate("neighbor", contradiction),
      anUpdate("neighbor"),
    );
    expect(updates.map(({ code, pointer }) => [code, pointer])).toEqual([
      ["ORDER_NOT_FOUND", null],
      ["REQUIRED", "/shipping_address_city"],
      ["POLICIES_CONTRADICT", "/split_policy"],
      [null, null],
    ]);
    const cancels = await askCancels({ customer_identifier: "nobody" }, {}, { order_cancel_request_id: "x" });
    expect(cancels.map(({ code, pointer }) => [code, pointer])).toEqual([
      ["ORDER_NOT_FOUND", null],
      ["REQUIRED", "/customer_identifier"],
      ["BAD_FORMAT", "/order_cancel_request_id"],
    ]);
    await decidedUpdate(updates[3]!.system_id!);
  });
});

test("the sandbox answers for each request that it is to resolve, in its place", async () => {
  await created("sandboxed");
  const { id } = await cancel("sandboxed");
  const requests = [id, randomUUID()].map((order_cancel_request_id) => ({
    order_cancel_request_id,
    resolution: "success",
  }));
  const { results } = await network.sandbox.resolveOrderCancels({ requests }, as());
  expect(results.map(({ system_id, code }) => [system_id, code])).toEqual([
    [id, null],
    [null, "REQUEST_NOT_FOUND"],
  ]);
  const other = [{ order_update_request_id: id, resolution: "failure" }];
  const updates = await network.sandbox.resolveOrderUpdates({ requests: other }, as());
  expect(updates.results).toMatchObject([{ code: "REQUEST_NOT_FOUND" }]);
});

test("a doubtful address is accepted with a warning", async () => {
  await created("doubtful");
  const [result] = await askUpdates(anUpdate("doubtful", { shipping_address_postal_code: "7" }));
  expect(result).toMatchObject({ status: "success", warnings: [expect.stringContaining("postal")] });
});

describe("lists of requests", () => {
  it("show the newest first, by status and order, and page by cursor", async () => {
    await created("listed-1");
    await created("listed-2");
    const ids: string[] = [];
    for (const name of ["listed-1", "listed-2", "listed-1", "listed-1"]) ids.unshift((await update(name)).id);
    const list = (query: object) =>
      network.requests.listOrderUpdateRequests({ id: [], cid: ["listed-1", "listed-2"], ...query }, as());
    const all = await list({});
    expect(all.data.map(({ id }) => id)).toEqual(ids);
    expect(all).toMatchObject({ limit: 30, offset: 0, next_cursor: null });
    const first = await list({ limit: 3 });
    const second = await list({ limit: 3, cursor: first.next_cursor });
    expect([...first.data, ...second.data].map(({ id }) => id)).toEqual(ids);
    expect(second.next_cursor).toBeNull();
    expect((await list({ cid: ["listed-2"] })).data).toHaveLength(1);
    expect((await list({ status: "failure" })).data).toEqual([]);
    expect((await list({ id: [ids[1]!], cid: [] })).data.map(({ id }) => id)).toEqual([ids[1]]);
  });

  it("keep the kinds and the tenants apart", async () => {
    await created("apart");
    const request = await cancel("apart");
    const { data } = await network.requests.listOrderUpdateRequests({ id: [request.id], cid: [] }, as());
    expect(data).toEqual([]);
    const foreign = network.requests.getOrderCancelRequest({ id: request.id }, network.as("other"));
    await expect(foreign).rejects.toMatchObject({ code: "REQUEST_NOT_FOUND" });
  });

  const filters: [string, Partial<RequestFilter>, string][] = [
    ["all", {}, "newest"],
    ["in a status", { status: "success" }, "by_status"],
    ["of an order", { customerIdentifiers: ["explained"] }, "by_order"],
    ["of several orders", { customerIdentifiers: ["explained", "nobody", "listed-1"] }, "by_order"],
    [
      "of orders in a status",
      { customerIdentifiers: ["explained", "nobody"], status: "success" },
      "by_order",
    ],
    ["by id", { ids: ["01970000-0000-7000-8000-000000000000"] }, "_id_"],
    ["by id, of an order in a status", { ids: ["x"], customerIdentifiers: ["y"], status: "failure" }, "_id_"],
  ];

  it.each(filters)("%s are answered by an index in its order, page after page", async (_, filter, index) => {
    if (!explained) explained = await askedOften("explained");
    const requests = network.ordersDb.collection<RequestDocument>("order_requests");
    const none = { ids: [], customerIdentifiers: [], status: null };
    const asked = { tenantId: network.tenant("shop"), kind: "update" as const, ...none, ...filter };
    for (const after of [null, explained]) {
      const query = findRequestPage(requests, asked, { after, offset: 0, limit: 2 });
      const { stages, indexes, docs } = planOf(await query.explain("executionStats"));
      expect(stages).not.toEqual(unindexed);
      expect(indexes).toEqual([index]);
      expect(docs).toBeLessThanOrEqual(2 + 1);
    }
  });

  let explained: readonly [string, string] | null = null;
  /** Where the second of three updates of an order stands in the list. */
  async function askedOften(name: string): Promise<readonly [string, string]> {
    await created(name);
    const asked = [await update(name), await update(name), await update(name)];
    return [asked[1]!.created_at, asked[1]!.id];
  }
});
