import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { readTopic, type TopicReader } from "./topic.ts";

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
let reading: Promise<TopicReader>;

beforeAll(async () => {
  reading = readTopic("waybill.groupings.v1");
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
  order = (await api.post("/orders", [example])).body.results[0].system_id;
  const profile = await api.post("/profiles", { first_name: "Ada", last_name: "Lovelace" });
  profile_id = profile.body.id;
});

afterAll(async () => (await reading)[Symbol.asyncDispose]());

/** An order with these lines. */
async function ordered(customer_identifier: string, ...line_items: object[]): Promise<any> {
  const { body } = await api.post("/orders", [{ ...example, customer_identifier, line_items }]);
  return (await api.get(`/orders/${body.results[0].system_id}`)).body;
}

describe("profiles", () => {
  it("are created, shown, listed newest first, and get other names", async () => {
    const grace = await api.post("/profiles", { first_name: "Grace", last_name: "Brewster" });
    const { id } = grace.body;
    expect([grace.status, grace.headers.get("location")]).toEqual([201, `/consumers/api/v1/profiles/${id}`]);
    expect(Number.isInteger(id)).toBe(true);
    const renamed = await api.put(`/profiles/${id}`, { first_name: "Grace", last_name: "Hopper" });
    expect([renamed.status, renamed.body.full_name]).toEqual([200, "Grace Hopper"]);
    expect((await api.get(`/profiles/${id}/`)).body).toEqual(renamed.body);
    const list = await api.get("/profiles?limit=1&include_counts=true");
    expect(list.body).toMatchObject({ total: 2, data: [{ id, first_name: "Grace", last_name: "Hopper" }] });
    const rest = await api.get(`/profiles?cursor=${list.body.next_cursor}`);
    expect(rest.body).toMatchObject({ next_cursor: null, data: [{ id: profile_id }] });
    expect((await api.get("/profiles/999")).body.code).toBe("PROFILE_NOT_FOUND");
    const nameless = await api.put(`/profiles/${id}`, { first_name: "Grace" });
    expect([nameless.status, nameless.body.errors[0].pointer]).toEqual([400, "/last_name"]);
  });
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
    expect(changed.headers.get("etag")).toBe('"3"');
    const stale = { "if-match": '"1"' };
    for (const refused of [
      await api.put(at, { reference: "late" }, stale),
      await api.put(path, { id: many.body[0].id, reference: "late" }, stale),
      await api.delete(at, undefined, stale),
      await api.post(`${at}/items`, item, stale),
      await api.put(`${at}/items/${added.body.id}`, { quantity: 1 }, stale),
      await api.delete(`${at}/items/${added.body.id}`, undefined, stale),
    ])
      expect([refused.status, refused.body.code]).toEqual([412, "PRECONDITION_FAILED"]);
    const one = await api.get(`${at}/items/${added.body.id}`);
    expect([one.body, one.headers.get("etag")]).toEqual([changed.body, '"3"']);
    const known = (version: number) => ({ "if-match": `"${version}"` });
    const renamed = await api.put(at, { reference: "renamed" }, known(3));
    expect([renamed.status, renamed.headers.get("etag")]).toEqual([200, '"4"']);
    const smaller = await api.put(`${at}/items/${added.body.id}`, { quantity: 1 }, known(4));
    expect([smaller.status, smaller.headers.get("etag")]).toEqual([200, '"5"']);
    const removed = await api.delete(`${at}/items/${added.body.id}`, undefined, known(5));
    expect(removed.status).toBe(204);
    expect((await api.get(`${at}/items/${added.body.id}`)).status).toBe(404);
    expect((await api.post(`${at}/items`, item, known(6))).status).toBe(201);
    expect((await api.get(at)).body).toMatchObject({
      version: 7,
      reference: "renamed",
      uom_quantity_ordered: 1,
    });
    expect((await api.delete(at, undefined, known(7))).status).toBe(204);
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
  ])("refuse %s at its place", async (_, body, pointer, code) => {
    const answer = await api.post(`/orders/${order}/groupings`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ pointer, code }]);
  });

  it("refuse a line of another order at its place", async () => {
    const other = await ordered("another", { sku_customer_id: "shirts872340", quantity: 1 });
    const items = [{ order_line_item_id: other.line_items[0].id, quantity: 1 }];
    const answer = await api.post(`/orders/${order}/groupings`, { profile_id, reference: "x", items });
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([
      { pointer: "/items/0/order_line_item_id", code: "LINE_NOT_FOUND" },
    ]);
  });

  it("refuse a profile_id in a PUT, and a PUT without a reference", async () => {
    const path = `/orders/${order}/groupings`;
    const created = await api.post(path, { profile_id, reference: "put" });
    for (const [place, body, pointer] of [
      [path, { reference: "x", profile_id }, "/profile_id"],
      [path, { id: created.body.id }, "/reference"],
      [`${path}/${created.body.id}`, { items: [] }, "/reference"],
    ] as const) {
      const answer = await api.put(place, body);
      expect([answer.status, answer.body.errors[0].pointer]).toEqual([400, pointer]);
    }
    await api.delete(`${path}/${created.body.id}`);
  });
});

describe("a grouping over its life", () => {
  it("shows what is not released, follows its order, and is told on the topic", async () => {
    const later = "2999-01-01T00:00:00.000Z";
    await api.post("/skus", [
      { customer_identifier: "novel" },
      { customer_identifier: "sequel", release_at: later },
    ]);
    const { id } = await ordered(
      "library",
      { sku_customer_id: "novel", quantity: 3 },
      { sku_customer_id: "sequel", quantity: 1 },
    );
    const path = `/orders/${id}/groupings`;
    const items = ["novel", "sequel"].map((sku_customer_id) => ({ sku_customer_id, quantity: 1 }));
    const { body: created } = await api.post(path, { profile_id, reference: "readers", items });
    expect(created).toMatchObject({
      has_prerelease: true,
      has_released: true,
      release_at: later,
      items: [
        { sku_customer_id: "novel", is_released: true, is_prerelease: false, release_at: null },
        { sku_customer_id: "sequel", is_released: false, is_prerelease: true, release_at: later },
      ],
    });
    await api.put(`${path}/${created.id}`, { reference: "book club" });
    await api.put("/skus", [{ customer_identifier: "sequel", release_at: "2020-01-01T00:00:00.000Z" }]);
    const read = async () => (await api.get(`${path}/${created.id}?consistency=strong`)).body;
    expect(await read()).toMatchObject({ has_prerelease: false, has_released: true, release_at: null });
    await api.post("/data_factory/shipOrder", [{ order_customer_id: "library" }]);
    expect(await read()).toMatchObject({
      quantity_ordered: 2,
      quantity_fulfilled: 2,
      quantity_outstanding: 0,
    });

    const told = async () =>
      (await reading).ofKey(id).map(({ headers, value }) => ({
        type: headers["ce_type"]?.split(".").at(-2),
        data: JSON.parse(value),
      }));
    await expect
      .poll(async () => (await told()).map(({ type }) => type).toSorted())
      .toEqual(["created", "moved", "released", "updated"]);
    const [first, second] = await told();
    expect(first).toMatchObject({
      type: "created",
      data: { order_id: id, id: created.id, quantity_ordered: 2 },
    });
    expect(second).toMatchObject({
      type: "updated",
      data: { order_id: id, id: created.id, reference: "book club", version: 2 },
    });
  });
});
