import { beforeAll, describe, expect, it } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("groupings");
const [example] = documentExample("001-create-orders");
/** Every field of "View Order Grouping" (000 Orders Groupings). */
const documented = [
  "first_name",
  "full_name",
  "has_prerelease",
  "has_released",
  "items",
  "last_name",
  "profile_id",
  "quantity_fulfilled",
  "quantity_ordered",
  "quantity_outstanding",
  "quantity_returned",
  "quantity_returning",
  "reference",
  "release_at",
  "uom_quantity_fulfilled",
  "uom_quantity_ordered",
  "uom_quantity_outstanding",
  "uom_quantity_returned",
  "uom_quantity_returning",
];
let order: string;
let profile_id: number;

beforeAll(async () => {
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
  order = (await api.post("/orders", [example])).body.results[0].system_id;
  const profile = await api.post("/profiles", { first_name: "Ada", last_name: "Lovelace" });
  profile_id = profile.body.id;
});

describe("the endpoints of 000 Orders Groupings", () => {
  const item = { sku_customer_id: "shirts872340", quantity: 1 };

  it.each(["", "/"])("with %j at their end", async (slash) => {
    const name = `ref${slash}`;
    const path = `/orders/${order}/groupings`;
    const created = await api.post(path + slash, { profile_id, reference: name, items: [item] });
    expect(created.status).toBe(201);
    const { id, ...grouping } = created.body;
    expect(created.headers.get("location")).toBe(`/consumers/api/v1${path}/${id}`);
    expect(Object.keys(grouping)).toEqual(expect.arrayContaining(documented));
    expect(grouping).toMatchObject({
      full_name: "Ada Lovelace",
      quantity_ordered: 1,
      items: [{ quantity: 1 }],
    });
    const list = await api.get(path + slash);
    expect(list.body.map((one: { id: number }) => one.id)).toContain(id);
    const one = await api.get(`${path}/${id}${slash}`);
    expect(one.body).toEqual(created.body);
    expect(one.headers.get("etag")).toBe('"1"');
    const byReference = await api.put(path + slash, { reference: name, items: [] });
    expect(byReference.body).toMatchObject({ id, items: [], version: 2 });
    const byPath = await api.put(`${path}/${id}${slash}`, { reference: `${name}2`, items: [item] });
    expect(byPath.body).toMatchObject({ id, reference: `${name}2`, items: [{ quantity: 1 }] });
    const kept = await api.put(path + slash, [{ id, reference: name, items: null }]);
    expect(kept.body).toMatchObject([{ id, reference: name, items: [{ quantity: 1 }] }]);
    const { body: shown } = await api.get(`/orders/${order}`);
    expect((await api.get(`/orders/${shown.order_nr}/groupings${slash}?consistency=strong`)).status).toBe(
      200,
    );
  });

  it("with their items one by one, and If-Match", async () => {
    const { body: shown } = await api.get(`/orders/${order}`);
    const path = `/orders/${shown.order_nr}/groupings`;
    const many = await api.post(path, [{ profile_id, reference: "items" }]);
    expect([many.status, many.body.length]).toEqual([201, 1]);
    const at = `${path}/${many.body[0].id}`;
    for (const { id } of (await api.get(path)).body)
      if (id !== many.body[0].id) expect((await api.delete(`${path}/${id}`)).status).toBe(204);
    const added = await api.post(`${at}/items`, item);
    expect([added.status, added.body.uom_quantity_ordered]).toEqual([201, 1]);
    const changed = await api.put(`${at}/items/${added.body.id}`, { quantity: 2 });
    expect(changed.body).toMatchObject({ id: added.body.id, quantity: 2 });
    expect((await api.get(`${at}/items`)).body).toEqual([changed.body]);
    const stale = await api.delete(at, undefined, { "if-match": '"1"' });
    expect([stale.status, stale.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
    expect((await api.delete(`${at}/items/${added.body.id}`)).status).toBe(204);
    expect((await api.get(`${at}/items/${added.body.id}`)).status).toBe(404);
  });

  it.each([
    ["an unknown profile", { profile_id: 999, reference: "x" }, "/profile_id", "PROFILE_NOT_FOUND"],
    ["201 characters", { profile_id: 1, reference: "x".repeat(201) }, "/reference", "OUT_OF_RANGE"],
    [
      "an over-assigned line",
      { profile_id: 1, reference: "x", items: [{ sku_customer_id: "shirts872340", quantity: 3 }] },
      "/items/0/quantity",
      "LINE_OVERASSIGNED",
    ],
    [
      "a line of another order",
      {
        profile_id: 1,
        reference: "x",
        items: [{ order_line_item_id: "01970000-0000-7000-8000-000000000000", quantity: 1 }],
      },
      "/items/0/order_line_item_id",
      "LINE_NOT_FOUND",
    ],
  ])("refuse %s at its place", async (_, body, pointer, code) => {
    const answer = await api.post(`/orders/${order}/groupings`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ pointer, code }]);
  });

  it("refuse a profile_id in a PUT", async () => {
    const answer = await api.put(`/orders/${order}/groupings`, { reference: "x", profile_id });
    expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, "/profile_id"]);
  });
});
