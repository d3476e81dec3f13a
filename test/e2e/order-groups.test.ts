import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { readTopic, type TopicReader } from "./topic.ts";

const api = apiOf("order-groups");
const request = documentExample("002-order-group-request");
const response = documentExample("002-order-group-response");
let reading: Promise<TopicReader>;
beforeAll(() => void (reading = readTopic("waybill.groupings.v1")));
afterAll(async () => (await reading)[Symbol.asyncDispose]());

/** What the topic has told of a group, in the order of arrival. */
async function toldOf(id: number): Promise<{ type: string | undefined; sequence: number; data: any }[]> {
  return (await reading)
    .all()
    .filter(({ headers }) => headers["ce_tenantid"] === "order-groups")
    .map(({ headers, value }) => ({
      type: headers["ce_type"],
      sequence: Number(headers["ce_sequence"]),
      data: JSON.parse(value),
    }))
    .filter(({ type, data }) => type?.startsWith("waybill.order_group.") && data.id === id);
}

/** What Waybill says itself of an order; the rest comes back as it was sent. */
const derived = ["status", "valid", "order_nr"];
const sent = (order: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(order).filter(([key]) => !derived.includes(key)));

describe("the example of 002 Order group", () => {
  it("is accepted as the document writes it, and answered with all of it", async () => {
    const { status, headers, body } = await api.post("/order_groups/", request);
    expect(status).toBe(201);
    expect(headers.get("location")).toBe("/consumers/api/v1/order_groups/11");
    expect(body.id).toBe(11);
    expect(body.orders).toMatchObject(request.orders.map(sent));
    expect(body.orders).toMatchObject([
      { status: "PENDING", valid: true },
      { status: "PENDING", valid: true },
      // Its shop takes no orders.
      { status: "PENDING", valid: false },
    ]);
    for (const { order_nr, warnings } of body.orders) {
      expect(order_nr).toBeGreaterThanOrEqual(1_000_000_000);
      expect(warnings.length).toBeGreaterThan(0);
    }
    expect((await api.get("/consumers/api/v1/order_groups/11")).body).toEqual(body);
    const list = await api.get("/order_groups?include_counts=true");
    expect(list.body).toMatchObject({ total: 1, data: [body] });
  });

  it("has every field that the document's response has", async () => {
    const orders = response.orders.map((order: { id: number }) => ({ ...order, id: order.id + 100 }));
    const { body } = await api.post("/order_groups", { ...response, orders });
    const keys = (order: object) => Object.keys(order);
    expect(keys(body.orders[0])).toEqual(expect.arrayContaining(keys(response.orders[0])));
    expect(body.orders.map(({ shop }: any) => shop.address)).toEqual(
      response.orders.map(({ shop }: any) => shop.address),
    );
  });

  it("sent twice with one Idempotency-Key is one group", async () => {
    const headers = { "idempotency-key": "group-1" };
    const body = { orders: [{ ...request.orders[0], id: 701 }] };
    const first = await api.post("/order_groups", body, headers);
    const again = await api.post("/order_groups", body, headers);
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.body).toEqual(first.body);
    expect((await api.get(`/order_groups/${first.body.id}`)).body).toEqual(first.body);
  });

  it("has orders that GET /orders shows, by the id of the group too", async () => {
    const { body } = await api.get("/order_groups/11");
    const [first] = body.orders;
    const order = await api.get(`/orders/${first.id}`);
    expect(order.body).toMatchObject({
      id: first.order_id,
      order_nr: first.order_nr,
      order_type: "storefront",
      storefront: { order_group_id: 11, checkout: request.orders[0].checkout },
    });
    const { body: listed } = await api.get(`/orders?cid=storefront-${first.id}`);
    expect(listed.data.map(({ id }: { id: string }) => id)).toEqual([first.order_id]);
  });
});

describe("the orders of a group", () => {
  const [order] = request.orders;
  const ordersOf = (...changes: object[]) => changes.map((change) => ({ ...order, ...change }));

  it("get lines, are shipped and canceled like any order, and the group shows it", async () => {
    await api.post("/skus", [{ customer_identifier: "sofa" }]);
    const made = await api.post("/order_groups", { id: 500, orders: ordersOf({ id: 501 }, { id: 502 }) });
    const shown = async () => (await api.get("/order_groups/500")).body.orders;
    for (const { id, order_id } of made.body.orders) {
      const line = { order_line_item: { sku_customer_id: "sofa", amount: 2 } };
      expect((await api.post(`/orders/${id}/order_line_items`, line)).status).toBe(201);
      expect((await api.get(`/orders/${order_id}`)).body.line_items).toMatchObject([{ quantity: 2 }]);
    }
    expect(await shown()).toMatchObject([{ status: "PENDING" }, { status: "PENDING" }]);
    await api.post("/data_factory/shipOrder", [{ order_customer_id: "storefront-501" }]);
    await api.post("/order_cancel_requests", [{ customer_identifier: "storefront-502" }]);
    await expect.poll(shown).toMatchObject([
      { id: 501, status: "COLLECTED", valid: true },
      { id: 502, status: "DECLINED" },
    ]);
  });

  it("are replaced by PUT while they are open, 409 after that, and the topic tells of both changes", async () => {
    const old = { external_order_nr: "old" };
    const { body: made } = await api.post("/order_groups", {
      id: 510,
      orders: ordersOf({ id: 511, ...old }, { id: 512, ...old }),
    });
    const next = ordersOf({ id: 511, external_order_nr: "new" }, { id: 513 });
    const replaced = await api.put("/order_groups/510", { orders: next });
    expect(replaced.status).toBe(200);
    expect(replaced.body).toMatchObject({
      id: 510,
      orders: [{ id: 511, external_order_nr: "new", order_nr: made.orders[0].order_nr }, { id: 513 }],
    });
    expect((await api.get("/order_groups/510")).body).toEqual(replaced.body);
    expect((await api.get("/orders/512")).body).toMatchObject({
      status: "open",
      storefront: { order_group_id: null },
    });
    const named = ({ orders }: any) => orders.map(({ id, order_id }: any) => ({ id, order_id }));
    await expect
      .poll(() => toldOf(510))
      .toEqual([
        { type: "waybill.order_group.created.v1", sequence: 1, data: { id: 510, orders: named(made) } },
        {
          type: "waybill.order_group.updated.v1",
          sequence: 2,
          data: { id: 510, orders: named(replaced.body) },
        },
      ]);

    await api.post("/orders/513/order_line_items", {
      order_line_item: { sku_customer_id: "sofa", amount: 1 },
    });
    await api.post("/data_factory/shipOrder", [{ order_customer_id: "storefront-513" }]);
    const late = await api.put("/order_groups/510", {
      orders: ordersOf({ id: 511, external_order_nr: "later" }, { id: 513, external_order_nr: "later" }),
    });
    expect([late.status, late.body.code]).toEqual([409, "STATUS_FORBIDS"]);
    expect(late.body.errors).toMatchObject([{ pointer: "/orders/1" }]);
    expect((await api.get("/order_groups/510")).body.orders).toMatchObject([
      { id: 511, external_order_nr: "new" },
      { id: 513, status: "COLLECTED" },
    ]);
  });
});

describe("bad input", () => {
  const [order] = request.orders;
  const group = (change: object, id = 900) => ({ id, orders: [{ ...order, id, ...change }] });
  it.each([
    ["a taken id", { id: 11, orders: [{ ...order, id: 901 }] }, 409, "ID_TAKEN", "/id"],
    ["a taken order id", group({ id: 13 }), 409, "ID_TAKEN", "/orders/0/id"],
    ["no orders", { id: 902, orders: [] }, 400, "INVALID_REQUEST", "/orders"],
    ["an unknown key", group({ colour: "red" }), 400, "INVALID_REQUEST", "/orders/0/colour"],
    ["an id that is minted", group({ id: 1_000_000_000 }), 400, "INVALID_REQUEST", "/orders/0/id"],
    ["a payment status", group({ payment_status: "x" }), 400, "INVALID_REQUEST", "/orders/0/payment_status"],
  ])("%s is refused at its place", async (_, body, status, code, pointer) => {
    const answer = await api.post("/order_groups", body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(answer.body.errors).toMatchObject([{ pointer }]);
  });

  it("a price in two currencies is told, and the order is not valid", async () => {
    const prices = { ...order.prices, sms_cost: { value: 1, currency: "USD" } };
    const { body } = await api.post("/order_groups", group({ prices }, 950));
    expect(body.orders[0]).toMatchObject({
      valid: false,
      warnings: ["the amounts are in several currencies: EUR, USD"],
    });
  });

  it("of an unknown group is 404", async () => {
    expect((await api.get("/order_groups/404")).body.code).toBe("ORDER_GROUP_NOT_FOUND");
    const put = await api.put("/order_groups/404", { orders: [order] });
    expect([put.status, put.body.code]).toEqual([404, "ORDER_GROUP_NOT_FOUND"]);
  });
});
