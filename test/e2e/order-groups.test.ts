import { describe, expect, it } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("order-groups");
const request = documentExample("002-order-group-request");
const response = documentExample("002-order-group-response");
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
