import { services } from "@waybill/proto/services.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { newCaller } from "@waybill/rpc/metadata.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { readTopic, type TopicReader } from "./topic.ts";

const api = apiOf("line-items");
const listed = documentExample("003-list-response");
const added = documentExample("003-add-response");
const modified = documentExample("003-modify-response");
/** Ours have their own: what the document's have is an example of their form. */
const minted = ["id", "order_id", "sku_id", "references", "created_at", "updated_at", "order", "sku"];
let reading: Promise<TopicReader>;
let sheet: string;
let pallet: string;

beforeAll(async () => {
  reading = readTopic("waybill.line-items.v1");
  const { body } = await api.post("/skus", [
    {
      customer_identifier: "sheet",
      order_number: listed[0].sku.order_number,
      supplier_order_number: listed[0].order_number,
      description: listed[0].description,
      unit: "sheet",
      catalog_price: "21.56",
    },
    {
      customer_identifier: "pallet",
      order_number: added.order_number,
      description: added.description,
      unit: "pallet",
      base_unit: "sheet",
      base_units_per_unit: 127_500,
      price_units_per_unit: 15,
      catalog_price: "503.02",
    },
  ]);
  [sheet, pallet] = body.results.map(({ system_id }: { system_id: string }) => system_id);
});

afterAll(async () => (await reading)[Symbol.asyncDispose]());

/** A new order of 10,000 sheets. */
async function newOrder(customer_identifier: string): Promise<any> {
  const line_items = [{ sku_customer_id: "sheet", quantity: 10_000 }];
  const [example] = documentExample("001-create-orders");
  const { body } = await api.post("/orders", [{ ...example, customer_identifier, line_items }]);
  return (await api.get(`/orders/${body.results[0].system_id}`)).body;
}

/** The fields of the document that are the same in every system. */
function asDocumented(line: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(line).filter(([name]) => !minted.includes(name)));
}

async function onPallets(name: string): Promise<any> {
  const order = await newOrder(name);
  const { order_line_item } = documentExample("003-add-request");
  const request = { order_line_item: { ...order_line_item, sku_id: pallet } };
  return api.post(`/orders/${order.id}/order_line_items`, request);
}

describe("the examples of 003 Order Line Items", () => {
  it("list the lines of an order, with the price that its supplier confirmed", async () => {
    const order = await newOrder("listed");
    using channel = openChannel("line-items", inject("system").grpc["line-items"]);
    const lines = peer(channel, services["waybill.line_items.v1.OrderLineItemService"]);
    await lines.confirmLineItem(
      { order_line_item_id: order.line_items[0].id, confirmed_price: "22.42", confirmed_delivery_at: null },
      { ...newCaller("line-items"), deadline: Date.now() + 10_000 },
    );
    const { status, body } = await api.get(`/orders/${order.id}/order_line_items`);
    expect(status).toBe(200);
    expect(body).toMatchObject([asDocumented(listed[0])]);
    expect(Object.keys(body[0])).toEqual(expect.arrayContaining(Object.keys(listed[0])));
    expect(body[0]).toMatchObject({
      id: order.line_items[0].id,
      order_id: order.id,
      sku_id: sheet,
      references: [expect.stringMatching(/^COL\/[A-Z0-9]{6}$/)],
      order: {
        id: order.id,
        references: order.references,
        links: [{ rel: "self", href: `/consumers/api/v1/orders/${order.id}` }],
      },
      sku: {
        id: sheet,
        order_number: listed[0].sku.order_number,
        links: [{ rel: "self", href: `/consumers/api/v1/skus/${sheet}` }],
      },
    });
    for (const { links } of [body[0].order, body[0].sku]) {
      expect((await api.get(links[0].href)).status).toBe(200);
    }
  });

  it("add a line, wrapped or bare, to the order by any of its names", async () => {
    const { status, headers, body } = await onPallets("added");
    expect(status).toBe(201);
    expect(body).toMatchObject(asDocumented(added));
    expect(body.sku.order_number).toBe(added.sku.order_number);
    expect(headers.get("location")).toBe(`/consumers/api/v1/order_line_items/${body.id}`);
    expect((await api.get(headers.get("location")!)).body).toEqual(body);
    const { order_nr } = (await api.get(`/orders/${body.order_id}`)).body;
    const bare = await api.post(`/orders/${order_nr}/order_line_items`, {
      sku_customer_id: "sheet",
      amount: 2,
    });
    expect(bare).toMatchObject({ status: 201, body: { order_id: body.order_id, sku_id: sheet, amount: 2 } });
  });

  it("modify a line: 10 pallets are 75453.0, and ten times their sheets", async () => {
    const { body: line } = await onPallets("modified");
    const { status, body } = await api.patch(
      `/order_line_items/${line.id}`,
      documentExample("003-modify-request"),
    );
    expect(status).toBe(200);
    // The document shows the sheets of one pallet for ten.
    expect(body).toMatchObject({ ...asDocumented(modified), amount_in_base_unit: 1_275_000 });
    const { line_items, lines_revision } = (await api.get(`/orders/${line.order_id}`)).body;
    expect(line_items[1]).toMatchObject({ id: line.id, quantity: 10, total_net_price: "75453.0" });
    expect(lines_revision).toBe(3);
    const { body: list } = await api.get(`/orders?id=${line.order_id}`);
    expect(list.data[0].line_items[1]).toEqual(line_items[1]);
  });

  it("delete a line: 204, and it is gone", async () => {
    const { body: line } = await onPallets("deleted");
    expect(await api.delete(`/order_line_items/${line.id}`)).toMatchObject({ status: 204, body: null });
    expect(await api.get(`/order_line_items/${line.id}`)).toMatchObject({
      status: 404,
      body: { code: "LINE_ITEM_NOT_FOUND" },
    });
    expect((await api.get(`/orders/${line.order_id}/order_line_items`)).body).toHaveLength(1);
    const [last] = (await api.get(`/orders/${line.order_id}/order_line_items`)).body;
    expect(await api.delete(`/order_line_items/${last.id}`)).toMatchObject({
      status: 409,
      body: { code: "LAST_LINE" },
    });
  });
});

it("every change is an event with all lines, in their order", async () => {
  const { body: line } = await onPallets("told");
  await api.patch(`/order_line_items/${line.id}`, { amount: 2 });
  await api.delete(`/order_line_items/${line.id}`);
  const topic = await reading;
  await vi.waitUntil(() => topic.ofKey(line.order_id).length >= 3, { timeout: 15_000 });
  const events = topic.ofKey(line.order_id).map(({ value }) => JSON.parse(value));
  expect(events.map(({ cause, lines, lines_revision }) => [cause, lines.length, lines_revision])).toEqual([
    ["added", 2, 2],
    ["patched", 2, 3],
    ["deleted", 1, 4],
  ]);
});

describe("a change of a line is refused, and says where", () => {
  it.each<[what: string, body: unknown, pointer: string, code: string]>([
    ["a price, which is computed", { total_net_price: "1.0" }, "/total_net_price", "UNKNOWN_KEY"],
    [
      "the same in its wrapper",
      { order_line_item: { confirmed_price: "1.0" } },
      "/order_line_item/confirmed_price",
      "UNKNOWN_KEY",
    ],
    ["another wrapper", { line_item: { amount: 1 } }, "/line_item", "UNKNOWN_KEY"],
    ["no units", { amount: 0 }, "/amount", "OUT_OF_RANGE"],
    ["too many units", { amount: 10_000_000_000 }, "/amount", "OUT_OF_RANGE"],
    ["units as text", { amount: "1" }, "/amount", "WRONG_TYPE"],
    ["half a unit", { amount: 1.5 }, "/amount", "WRONG_TYPE"],
    ["units taken away", { amount: null }, "/amount", "REQUIRED"],
    ["an unknown SKU", { sku_id: "3fa85f64-5717-4562-b3fc-2c963f66afa6" }, "/sku_id", "SKU_NOT_FOUND"],
    ["a date that is none", { promised_delivery_date: "soon" }, "/promised_delivery_date", "BAD_FORMAT"],
  ])("%s", async (what, body, pointer, code) => {
    const order = await newOrder(`refused: ${what}`);
    const answer = await api.patch(`/order_line_items/${order.line_items[0].id}`, body);
    expect(answer.status).toBe(400);
    expect(answer.body.errors).toMatchObject([{ pointer, code }]);
  });

  it("to an order that does not exist, or that left open: 404, 409 and the way that is left", async () => {
    const line = { sku_id: sheet, amount: 1 };
    expect((await api.post("/orders/999999999/order_line_items", line)).body.code).toBe("ORDER_NOT_FOUND");
    expect((await api.get("/orders/01890000-0000-7000-8000-000000000000/order_line_items")).status).toBe(404);
    const order = await newOrder("shipped");
    await api.post("/data_factory/shipOrder", [{ order_customer_id: "shipped" }]);
    const answer = await api.patch(`/order_line_items/${order.line_items[0].id}`, { amount: 1 });
    expect(answer).toMatchObject({ status: 409, body: { code: "LINES_CLOSED" } });
    expect(JSON.stringify(answer.body)).toContain("order_update_requests");
  });

  it("by all but one of those who change the same version at the same time: 412", async () => {
    const order = await newOrder("raced");
    const path = `/order_line_items/${order.line_items[0].id}`;
    const { headers } = await api.get(path);
    const etag = headers.get("etag")!;
    const answers = await Promise.all(
      [1, 2, 3, 4].map((amount) => api.patch(path, { amount }, { "if-match": etag })),
    );
    expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 412, 412, 412]);
    const winner = answers.find(({ status }) => status === 200)!;
    expect((await api.get(path)).body).toEqual(winner.body);
    expect(winner.headers.get("etag")).not.toBe(etag);
  });
});

describe("SKUs", () => {
  it("are replaced, retired and brought back", async () => {
    const name = { customer_identifier: "seasonal", unit: "box" };
    const dimensions = { length: "30", width: "20.50", height: "10", weight: "1.2" };
    const { body } = await api.post("/skus", [{ ...name, dimensions }]);
    const id = body.results[0].system_id;
    expect((await api.get(`/skus/${id}`)).body.dimensions).toEqual({
      length: "30.0",
      width: "20.5",
      height: "10.0",
      length_unit: "mm",
      weight: "1.2",
      weight_unit: "kg",
    });
    expect((await api.put("/skus", [{ ...name, catalog_price: "9.90" }])).body.records_succeeded).toBe(1);
    expect((await api.get(`/skus/${id}`)).body).toMatchObject({ catalog_price: "9.9", dimensions: null });
    const order = await newOrder("seasonal");
    const path = `/orders/${order.id}/order_line_items`;
    expect((await api.post(path, { sku_id: id, amount: 1 })).status).toBe(201);
    expect((await api.delete("/skus", [id])).body.results).toMatchObject([{ outcome: "retired" }]);
    const refused = await api.post(path, { sku_id: id, amount: 1 });
    expect(refused).toMatchObject({
      status: 400,
      body: { errors: [{ code: "SKU_RETIRED", pointer: "/sku_id" }] },
    });
    const list = (await api.get("/skus?cid=seasonal&include_counts=true&list_type=summary")).body;
    expect(list).toMatchObject({ total: 1, data: [{ id, retired_at: expect.any(String) }] });
    await api.put("/skus", [name]);
    expect((await api.post(path, { sku_id: id, amount: 1 })).status).toBe(201);
  });
});
