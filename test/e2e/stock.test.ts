import { beforeAll, describe, expect, it, vi } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("stock");
const [example] = documentExample("001-create-orders");
const SETTLED = { timeout: 15_000, interval: 50 };

/** An order of so many lamps. */
const lamps = (customer_identifier: string, quantity: number, change: object = {}) => ({
  ...example,
  customer_identifier,
  line_items: [{ sku_customer_id: "lamp", quantity }],
  ...change,
});
const created = async (record: object) => (await api.post("/orders", [record])).body.results[0].system_id;
const order = async (id: string) => (await api.get(`/orders/${id}`)).body;
const inventory = async () => (await api.get("/inventory?cid=lamp")).body.data[0];
const arrive = (quantity: number, lot_number: string) =>
  api.post("/data_factory/createAvailable", [{ sku_customer_id: "lamp", quantity, lot_number }]);

beforeAll(async () => {
  await api.post("/skus", [{ customer_identifier: "lamp" }]);
  await arrive(5, "L1");
});

describe("stock over REST", () => {
  it("is what arrived, less what orders have, and each order tells which lots it has and why", async () => {
    expect(await inventory()).toMatchObject({ on_hand: 5, allocated: 0, available_to_sell: 5 });
    const id = await created(lamps("first", 3));
    expect(await inventory()).toMatchObject({ on_hand: 5, allocated: 3, available_to_sell: 2 });
    const { body } = await api.get(`/orders/${id}/allocation`);
    expect(body).toMatchObject({ order_id: id, status: "allocated" });
    expect(body.lines[0]).toMatchObject({ tracked: true, allocated: 3, taken: [{ quantity: 3 }] });
    expect(body.lines[0].candidates[0]).toMatchObject({ lot_number: "L1", taken: 3, reason: null });
  });

  it("is planned without being booked by mode=validate_only", async () => {
    const before = await inventory();
    const { body } = await api.post("/orders?mode=validate_only", [lamps("planned", 9)]);
    expect(body.plans[0].allocation).toMatchObject({ status: "backordered" });
    expect(await inventory()).toMatchObject({ available_to_sell: before.available_to_sell });
  });

  it("that is missing makes an order wait, and what arrives goes to it before anybody else", async () => {
    const id = await created(lamps("waiting", 4));
    expect(await order(id)).toMatchObject({ substatus: "backordered" });
    await arrive(2, "L2");
    await vi.waitFor(async () => expect(await order(id)).toMatchObject({ substatus: null }), SETTLED);
    expect(await inventory()).toMatchObject({ available_to_sell: 0 });
  });

  it("that is missing is shorted where the order's policy says so, also by an update", async () => {
    await arrive(2, "L3");
    const policy = { backorder_policy: "cancel_shorts" };
    const id = await created(lamps("shortable", 1, policy));
    expect(await order(id)).toMatchObject({ shorts: [] });
    await api.post("/order_update_requests", [lamps("shortable", 4, policy)]);
    const shorts = [{ sku_customer_id: "lamp", quantity: 2, reason: "insufficient_inventory" }];
    await vi.waitFor(async () => expect(await order(id)).toMatchObject({ substatus: null, shorts }), SETTLED);
    expect(await order(id)).toMatchObject({ line_items: [{ quantity: 4 }] });
  });

  it("of a canceled order is free again", async () => {
    const before = await inventory();
    await api.post("/order_cancel_requests", [{ customer_identifier: "first" }]);
    await vi.waitFor(async () => expect((await inventory()).allocated).toBe(before.allocated - 3), SETTLED);
  });
});
