import { beforeAll, describe, expect, it } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("returns");
let order: string;
let line: string;

beforeAll(async () => {
  const [example] = documentExample("001-create-orders");
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
  const { body } = await api.post("/orders", [example]);
  order = body.results[0].system_id;
  await api.post("/data_factory/shipOrder", [{ order_customer_id: example.customer_identifier }]);
  line = (await api.get(`/orders/${order}`)).body.line_items[0].id;
});

describe("a return", () => {
  it("is asked for with one object, shown at its Location and in lists, and received in parts", async () => {
    const items = [{ order_line_item_id: line, quantity: 2 }];
    const asked = await api.post("/returns", { order_id: order, items, reason: "too small" });
    expect(asked.status).toBe(201);
    expect(asked.body).toMatchObject({
      order_id: order,
      customer_identifier: "129374",
      status: "open",
      reason: "too small",
      items: [{ order_line_item_id: line, sku_customer_id: "shirts872340", quantity: 2, received: 0 }],
    });
    const { id } = asked.body;
    expect(asked.headers.get("location")).toMatch(new RegExp(`/returns/${id}$`));
    expect((await api.get(`/returns/${id}`)).body).toEqual(asked.body);
    expect((await api.get(`/returns?order_id=${order}&status=open`)).body.data).toEqual([asked.body]);
    const part = [{ order_line_item_id: line, quantity: 1 }];
    await api.post("/data_factory/rmaEvent", [{ return_id: id, event: "received", items: part }]);
    await api.post("/data_factory/rmaEvent", [{ return_id: id, event: "rejected" }]);
    expect((await api.get(`/returns/${id}`)).body).toMatchObject({
      status: "received",
      items: [{ received: 1, rejected: 1, canceled: 0 }],
    });
    const { data } = (await api.get(`/orders/${order}/events?limit=100`)).body;
    expect(data.slice(-3).map(({ type }: { type: string }) => type)).toEqual([
      "waybill.return.created.v1",
      "waybill.return.received.v1",
      "waybill.return.rejected.v1",
    ]);
  });

  it.each([
    ["of more than was shipped", () => [{ order_line_item_id: line, quantity: 3 }], 400, "/items/0/quantity"],
    [
      "of what is not on the order",
      () => [{ sku_customer_id: "sock", quantity: 1 }],
      400,
      "/items/0/sku_customer_id",
    ],
    ["of nothing", () => [], 400, "/items"],
  ])("%s is refused with its place", async (_, items, status, pointer) => {
    const answer = await api.post("/returns", { order_id: order, items: items() });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([status, pointer]);
  });

  it("of an order that has not been shipped is refused with what is allowed now", async () => {
    const [example] = documentExample("001-create-orders");
    const { body } = await api.post("/orders", [{ ...example, customer_identifier: "still-open" }]);
    const items = [{ sku_customer_id: "shirts872340", quantity: 1 }];
    const answer = await api.post("/returns", { order_id: body.results[0].system_id, items });
    expect([answer.status, answer.body.code]).toEqual([409, "STATUS_FORBIDS"]);
    expect(answer.body.detail).toContain("the order is open: return is not allowed");
  });
});
