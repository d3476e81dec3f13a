import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { afterAll, beforeAll, expect, it, test, vi } from "vitest";
import { startReceiver } from "../../services/callbacks/test/receiver.ts";
import { apiOf, type Answer } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { readTopic, type TopicMessage, type TopicReader } from "./topic.ts";

const TENANT = "topic-schemas";
const SKU = "described";
const api = apiOf(TENANT);
const [example] = documentExample("001-create-orders");

interface AsyncApi {
  channels: Record<string, { messages: Record<string, unknown> }>;
  components: {
    messages: Record<string, { payload: { $ref: string } }>;
    messageTraits: { cloudEvent: { headers: object } };
  };
}

const document = JSON.parse(
  readFileSync(new URL("../../docs/asyncapi.json", import.meta.url), "utf8"),
) as AsyncApi;
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(closed(document) as object, "asyncapi.json");

/** What the events below are made to cover, by topic: of every topic the types that merchants and warehouses cause. */
const caused: Record<string, string[]> = {
  "waybill.orders.v1": [
    ...["created", "updated", "accepted", "started", "packed", "shipped", "delivered", "canceled"].map(
      (move) => `waybill.order.${move}.v1`,
    ),
    "waybill.order_update.resolved.v1",
    "waybill.order_cancel.resolved.v1",
    "waybill.order.allocated.v1",
    "waybill.return.created.v1",
    "waybill.return.received.v1",
  ],
  "waybill.order-requests.v1": ["waybill.order_update.requested.v1", "waybill.order_cancel.requested.v1"],
  "waybill.line-items.v1": [
    ...["created", "updated", "deleted"].map((change) => `waybill.sku.${change}.v1`),
    ...["changed", "moved", "allocated"].map((change) => `waybill.line_items.${change}.v1`),
  ],
  "waybill.inventory.v1": ["waybill.inventory.changed.v1"],
  "waybill.groupings.v1": [
    ...["created", "updated", "moved", "deleted"].map((change) => `waybill.grouping.${change}.v1`),
    "waybill.profile.created.v1",
    "waybill.profile.updated.v1",
    "waybill.order_group.created.v1",
    "waybill.order_group.updated.v1",
  ],
  "waybill.deliveries.v1": [
    "waybill.delivery.delivered.v1",
    "waybill.delivery.parked.v1",
    "waybill.callback.enabled.v1",
  ],
};

const open = new AsyncDisposableStack();
const readers = new Map<string, TopicReader>();

beforeAll(async () => {
  const reading = Promise.all(
    Object.keys(caused).map(async (topic) => readers.set(topic, open.use(await readTopic(topic)))),
  );
  const receiver = open.use(await startReceiver());
  const registration = { url: receiver.url("/described"), message_type: "orderEvent" };
  const { results } = await ok(api.post("/callbacks", [registration]));
  await causeSkus();
  await causeOrders();
  await causeGroupings();
  await causeParking(results[0].system_id);
  await reading;
}, 60_000);

afterAll(() => open.disposeAsync());

test("every topic of the document is looked at, but for dead letters", () => {
  expect(["deadLetters", ...Object.keys(caused)].sort()).toEqual(Object.keys(document.channels).sort());
});

it.each(Object.entries(caused))(
  "what is on %s has the headers and the data that asyncapi.json says",
  async (topic, types) => {
    const messages = () => readers.get(topic)!.ofTenant(TENANT);
    const typesOf = () => [...new Set(messages().map(({ headers }) => headers["ce_type"]!))];
    await expect.poll(typesOf).toEqual(expect.arrayContaining(types));
    const described = Object.keys(document.channels[topic]!.messages);
    expect(described).toEqual(expect.arrayContaining(typesOf()));
    expect(messages().flatMap(faultsOf)).toEqual([]);
  },
);

/** Where a message is other than its schemas say. */
function faultsOf({ headers, value }: TopicMessage): string[] {
  const type = headers["ce_type"]!;
  const pointer = document.components.messages[type]!.payload.$ref;
  return [
    ...faults(`${type} headers`, "#/components/messageTraits/cloudEvent/headers", headers),
    ...faults(type, pointer, JSON.parse(value)),
  ];
}

function faults(name: string, pointer: string, value: unknown): string[] {
  const validate = ajv.getSchema(`asyncapi.json${pointer}`)!;
  if (validate(value)) return [];
  return validate.errors!.map(({ instancePath, message, params }) =>
    [name, instancePath, message, JSON.stringify(params)].join(" "),
  );
}

/** The document with schemas that take nothing but what they describe: a field that it does not know is a fault. */
function closed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(closed);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, closed(inner)]);
  const isObject = "properties" in value && !("additionalProperties" in value);
  return Object.fromEntries([...(isObject ? [["additionalProperties", false]] : []), ...entries]);
}

async function ok(answer: Promise<Answer>): Promise<any> {
  const { status, body } = await answer;
  if (status >= 300 || body?.records_failed > 0) throw new Error(JSON.stringify(body));
  return body;
}

async function causeSkus(): Promise<void> {
  await ok(api.post("/skus", [{ customer_identifier: SKU }, { customer_identifier: "scarce" }]));
  await ok(api.put("/skus", [{ customer_identifier: SKU, description: "Described" }]));
  const unused = await ok(api.post("/skus", [{ customer_identifier: "unused" }]));
  await ok(api.delete("/skus", [unused.results[0].system_id]));
}

/** The lives of orders: one delivered and returned in part, one updated, one canceled, one that waits for stock. */
async function causeOrders(): Promise<void> {
  const units = [{ sku_customer_id: "scarce", quantity: 1 }];
  await ok(api.post("/data_factory/createAvailable", units));
  await ok(api.post("/orders", [order("waits", "scarce", 2)]));
  await ok(api.post("/data_factory/createAvailable", units));
  for (const name of ["delivered", "updated", "canceled"])
    await ok(api.post("/orders", [order(name, SKU, 2)]));
  await ok(api.post("/order_update_requests", [order("updated", SKU, 3)]));
  await ok(api.post("/order_cancel_requests", [{ customer_identifier: "canceled" }]));
}

async function causeGroupings(): Promise<void> {
  const profile = await ok(api.post("/profiles", { first_name: "Ada", last_name: "Lovelace" }));
  await ok(api.put(`/profiles/${profile.id}`, { first_name: "Ada", last_name: "King" }));
  const { data } = await ok(api.get("/orders?cid=delivered"));
  const path = `/orders/${data[0].id}/groupings`;
  const line = data[0].line_items[0].id;
  const items = [{ order_line_item_id: line, quantity: 1 }];
  await ok(api.post(path, { profile_id: profile.id, reference: "kept", items }));
  const ended = await ok(api.post(path, { profile_id: profile.id, reference: "ended" }));
  await ok(api.put(`${path}/${ended.id}`, { reference: "ended soon" }));
  await ok(api.delete(`${path}/${ended.id}`));
  await ok(api.post("/data_factory/advanceOrder", [{ order_customer_id: "delivered", status: "delivered" }]));
  const back = await ok(api.post("/returns", { order_id: data[0].id, items }));
  await ok(api.post("/data_factory/rmaEvent", [{ return_id: back.id, event: "received" }]));
  const group = documentExample("002-order-group-request");
  const { id } = await ok(api.post("/order_groups", group));
  await ok(api.put(`/order_groups/${id}`, group));
}

/** Webhooks that wait, since their registration is disabled, until it is active again. */
async function causeParking(callback: string): Promise<void> {
  await untilDelivery("delivered");
  await ok(api.patch(`/callbacks/${callback}`, { status: "disabled" }));
  await ok(api.post("/orders", [order("parked", SKU, 1)]));
  await ok(api.post("/data_factory/shipOrder", [{ order_customer_id: "parked" }]));
  await untilDelivery("parked");
  await ok(api.patch(`/callbacks/${callback}`, { status: "active" }));
}

function untilDelivery(status: string): Promise<boolean> {
  const isThere = async () => (await api.get(`/callback_deliveries?status=${status}`)).body.data.length > 0;
  return vi.waitUntil(isThere, { timeout: 20_000, interval: 50 });
}

function order(customer_identifier: string, sku_customer_id: string, quantity: number): object {
  return { ...example, customer_identifier, line_items: [{ sku_customer_id, quantity }] };
}
