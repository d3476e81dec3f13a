import { randomUUID } from "node:crypto";
import { beforeAll, expect, it } from "vitest";
import { apiOf, type Answer } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("idempotency");
const [example] = documentExample("001-create-orders");
const key = () => ({ "idempotency-key": randomUUID() });

const cancelId = randomUUID();
let order: any;
let shipped: any;
let profile: number;

async function newOrder(customer_identifier: string): Promise<any> {
  const line_items = [{ sku_customer_id: "shirt", quantity: 10 }];
  const { body } = await api.post("/orders", [{ ...example, customer_identifier, line_items }]);
  return (await api.get(`/orders/${body.results[0].system_id}`)).body;
}

beforeAll(async () => {
  await api.post("/skus", [{ customer_identifier: "shirt" }]);
  order = await newOrder("kept");
  shipped = await newOrder("shipped");
  await api.post("/data_factory/shipOrder", [{ order_customer_id: "shipped" }]);
  profile = (await api.post("/profiles", { first_name: "Ada", last_name: "L" })).body.id;
});

/** How many of what a request makes are there. */
async function count(path: string): Promise<number> {
  const { body } = await api.get(path);
  return (Array.isArray(body) ? body : body.data).length;
}

it.each<[endpoint: string, body: () => unknown, list: () => string]>([
  ["/profiles", () => ({ first_name: "Bob", last_name: "L" }), () => "/profiles"],
  [
    "/orders/{order}/order_line_items",
    () => ({ order_line_item: { sku_customer_id: "shirt", amount: 5 } }),
    () => `/orders/${order.id}/order_line_items`,
  ],
  [
    "/orders/{order}/groupings",
    () => ({
      reference: "box",
      profile_id: profile,
      items: [{ order_line_item_id: order.line_items[0].id, quantity: 1 }],
    }),
    () => `/orders/${order.id}/groupings`,
  ],
  [
    "/order_update_requests",
    () => [{ customer_identifier: "nobody's" }, { ...example, customer_identifier: "kept", priority: 7 }],
    () => "/order_update_requests?cid=kept",
  ],
  [
    "/order_cancel_requests",
    // The second asks for what the first has just made.
    () => [
      { customer_identifier: "shipped", order_cancel_request_id: cancelId },
      { order_cancel_request_id: cancelId },
    ],
    () => "/order_cancel_requests?cid=shipped",
  ],
  [
    "/returns",
    () => ({ order_id: shipped.id, items: [{ order_line_item_id: shipped.line_items[0].id, quantity: 1 }] }),
    () => "/returns",
  ],
  ["/callbacks", () => [{ url: "http://127.0.0.1:9/", message_type: "orderEvent" }], () => "/callbacks"],
])(
  "POST %s with a key answers a repeat as it did at first, and does it once",
  async (endpoint, body, list) => {
    const path = endpoint.replace("{order}", order.id);
    const before = await count(list());
    const headers = key();
    const [first, again] = [await api.post(path, body(), headers), await api.post(path, body(), headers)];
    expect(first.status).toBeLessThan(300);
    if (first.body.results) expect(first.body.results.at(-1).status).toBe("success");
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    const told = ({ status, body: answered, headers: sent }: Answer) => [
      status,
      answered,
      sent.get("location"),
    ];
    expect(told(again)).toEqual(told(first));
    expect(await count(list())).toBe(before + 1);
    const other = await api.post(path, { other: "body" }, headers);
    expect(other.status).toBe(400);
  },
);

it("a batch whose records fail alone is answered again as it was, and its stock comes once", async () => {
  const headers = key();
  const units = [
    { sku_customer_id: "shirt", quantity: 40 },
    { sku_customer_id: "unknown", quantity: 1 },
    { sku_customer_id: "shirt", quantity: 2, lot_number: "L-2" },
  ];
  const create = () => api.post("/data_factory/createAvailable", units, headers);
  const [first, again] = [await create(), await create()];
  expect(first.body).toMatchObject({ records_succeeded: 2, records_failed: 1 });
  expect(again.body).toEqual(first.body);
  const lose = () =>
    api.post("/data_factory/loseInventory", [{ sku_customer_id: "shirt", quantity: 2 }], headers);
  expect([(await lose()).body.records_succeeded, (await lose()).body.records_succeeded]).toEqual([1, 1]);
  const { body } = await api.get("/inventory?cid=shirt");
  expect(body.data[0]).toMatchObject({ on_hand: 40 });
});

it("a key that comes back with another body is refused, and a refusal does not use it up", async () => {
  const headers = key();
  const refused = await api.post("/profiles", { first_name: "Cy", last_name: "" }, headers);
  expect(refused.status).toBe(400);
  const cy = { first_name: "Cy", last_name: "L" };
  expect((await api.post("/profiles", cy, headers)).status).toBe(201);
  const other = await api.post("/profiles", { ...cy, last_name: "M" }, headers);
  expect(other).toMatchObject({ status: 422, body: { code: "IDEMPOTENCY_KEY_REUSED" } });
});
