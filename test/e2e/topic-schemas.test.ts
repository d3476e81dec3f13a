import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { Ajv2020 } from "ajv/dist/2020.js";
import { Facility } from "@waybill/proto/line_items/v1/inventory.ts";
import { services } from "@waybill/proto/services.ts";
import { openChannel, peer, type CallOptions } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import { afterAll, beforeAll, expect, inject, it, test, vi } from "vitest";
import { startReceiver } from "../../services/callbacks/test/receiver.ts";
import { apiOf, type Answer } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { readTopic, sendToTopic, type TopicMessage, type TopicReader } from "./topic.ts";

const TENANT = "topic-schemas";
const SKU = "described";
const api = apiOf(TENANT);
const [example] = documentExample("001-create-orders");

interface AsyncApi {
  channels: Record<string, { address: string; messages: Record<string, unknown> }>;
  components: {
    messages: Record<string, { payload: { $ref: string }; headers?: object }>;
    messageTraits: { cloudEvent: { headers: object } };
  };
}

const document = JSON.parse(
  readFileSync(new URL("../../docs/asyncapi.json", import.meta.url), "utf8"),
) as AsyncApi;
const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true });
ajv.addSchema(closed(document) as object, "asyncapi.json");

/** What no call causes: a registration is unreadable while the service runs with another SECRETS_KEY. */
const uncaused = ["waybill.callback.unreadable.v1"];
const { deadLetters, ...topics } = document.channels;
/** The topic of Waybill's whose dead letters are looked at, and the group that gives messages up. */
const [LETTERS_OF, LETTERS_BY] = ["waybill.orders.v1", "callbacks"];
const letters = deadLetters!.address.replace("{topic}", LETTERS_OF).replace("{group}", LETTERS_BY);

/** What everything that is stored has when it is shown. */
const ALWAYS_SHOWN = ["id", "status", "version", "created_at", "updated_at"];

const open = new AsyncDisposableStack();
const readers = new Map<string, TopicReader>();

beforeAll(async () => {
  const reading = Promise.all(
    [...Object.keys(topics), letters].map(async (topic) =>
      readers.set(topic, open.use(await readTopic(topic))),
    ),
  );
  const receiver = open.use(await startReceiver());
  const [kept, ended] = ["/kept", "/ended"].map((path) => {
    return { url: receiver.url(path), message_type: "orderEvent" };
  });
  const { results } = await ok(api.post("/callbacks", [kept, ended]));
  await causeSkus();
  await causeOrders();
  await causeMoves();
  await causeGroupings();
  await causeOrderGroups();
  await causeParking(results[0].system_id, results[1].system_id);
  await reading;
}, 60_000);

afterAll(() => open.disposeAsync());

it.each(Object.keys(topics))(
  "what is on %s is all that asyncapi.json names, with the headers and the data that it says",
  async (topic) => {
    const typesOf = () => [...new Set(messagesOf(topic).map(typeOf))].sort();
    const described = Object.keys(topics[topic]!.messages).filter((type) => !uncaused.includes(type));
    await expect.poll(typesOf).toEqual(described.sort());
    expect(messagesOf(topic).flatMap(faultsOf)).toEqual([]);
  },
);

test("what everything has that is shown is null in no event, but in the lines that orders tell", async () => {
  const messages = Object.keys(topics).flatMap(messagesOf);
  const nulls = messages.flatMap((message) =>
    nullsIn(JSON.parse(message.value)).map((name) => `${typeOf(message)} ${name}`),
  );
  // As the client's EventOrder says.
  const told = ["created", "updated"].flatMap((change) =>
    ["created_at", "updated_at", "version"].map((name) => `waybill.order.${change}.v1 line_items ${name}`),
  );
  expect([...new Set(nulls)].sort()).toEqual(told);
});

test("a message of an unknown version becomes the dead letter that asyncapi.json says, whole", async () => {
  const known = messagesOf(LETTERS_OF)[0]!;
  const key = randomUUID();
  const headers = { ...known.headers, ce_type: "waybill.order.created.v999", ce_subject: key };
  await sendToTopic(LETTERS_OF, { ...known, key, headers });
  const arrived = () => readers.get(letters)!.ofKey(key);
  await expect.poll(() => arrived().length).toBeGreaterThan(0);
  const [letter] = arrived();
  expect(letter!.value).toBe(known.value);
  const [added, untouched] = [true, false].map((isOfLetter) =>
    Object.fromEntries(
      Object.entries(letter!.headers).filter(([name]) => name.startsWith("dlt_") === isOfLetter),
    ),
  );
  expect(untouched).toEqual(headers);
  expect(faults("letter", "#/components/messages/deadLetter/headers", added)).toEqual([]);
});

function messagesOf(topic: string): TopicMessage[] {
  return readers
    .get(topic)!
    .ofTenant(TENANT)
    .filter((message) => !typeOf(message).endsWith(".v999"));
}

function typeOf({ headers }: TopicMessage): string {
  return headers["ce_type"]!;
}

/** Which fields that are always shown are null, each with the field that it is in. */
function nullsIn(value: unknown, within = ""): string[] {
  if (Array.isArray(value)) return value.flatMap((element) => nullsIn(element, within));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    inner === null && ALWAYS_SHOWN.includes(name) ? [`${within} ${name}`.trim()] : nullsIn(inner, name),
  );
}

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
  const worn = await ok(api.post("/skus", [{ customer_identifier: "worn" }]));
  await ok(api.post("/orders", [order("of worn", "worn", 1)]));
  await ok(api.delete("/skus", [worn.results[0].system_id]));
  const facility = { ...Facility.decode(new Uint8Array()), id: "east", country_code: "US" };
  await peerOf("line-items", "waybill.line_items.v1.InventoryService").putFacility({ facility }, caller());
}

/** Orders that later calls go on with, one updated, one canceled, one that waits for stock, one that comes to. */
async function causeOrders(): Promise<void> {
  const units = [{ sku_customer_id: "scarce", quantity: 1 }];
  await ok(api.post("/data_factory/createAvailable", units));
  await ok(api.post("/orders", [order("waits", "scarce", 2)]));
  await ok(api.post("/data_factory/createAvailable", units));
  for (const name of ["delivered", "updated", "canceled", "moved"])
    await ok(api.post("/orders", [order(name, SKU, 3)]));
  await ok(api.post("/order_update_requests", [order("updated", SKU, 4)]));
  await ok(api.post("/order_cancel_requests", [{ customer_identifier: "canceled" }]));
  const extended = await ok(api.post("/orders", [order("extended", SKU, 1)]));
  const line = { sku_customer_id: "scarce", amount: 5 };
  await ok(api.post(`/orders/${extended.results[0].system_id}/order_line_items`, line));
}

/** What a warehouse does besides what the sandbox does for it. */
async function causeMoves(): Promise<void> {
  const warehouse = peerOf("orders", "waybill.orders.v1.FulfillmentService");
  const { data } = await ok(api.get("/orders?cid=moved"));
  const move = { order: data[0].id, request_id: "moved" };
  await warehouse.holdOrder(move, caller());
  await warehouse.releaseOrder(move, caller());
  await warehouse.acceptOrder(move, caller());
  const shorts = [{ sku_customer_id: SKU, quantity: 1, reason: "damage" }];
  await warehouse.shortOrder({ ...move, shorts }, caller());
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
  for (const event of ["received", "rejected", "canceled"]) {
    const back = await ok(api.post("/returns", { order_id: data[0].id, items }));
    await ok(api.post("/data_factory/rmaEvent", [{ return_id: back.id, event }]));
  }
  await ok(api.put("/skus", [{ customer_identifier: SKU, release_at: "2100-01-01T00:00:00Z" }]));
}

async function causeOrderGroups(): Promise<void> {
  const group = documentExample("002-order-group-request");
  const { id, orders } = await ok(api.post("/order_groups", group));
  await ok(api.put(`/order_groups/${id}`, group));
  const storefront = peerOf("groupings", "waybill.groupings.v1.OrderGroupService");
  const payment = { group: id, order: orders[0].id, payment_status: "paid" };
  await storefront.recordPayment(payment, caller());
}

/**
 * Webhooks that wait, since their registrations are disabled: until the one is active again, and for good with
 * the other.
 */
async function causeParking(kept: string, ended: string): Promise<void> {
  await untilDelivery("delivered");
  for (const callback of [kept, ended]) await ok(api.patch(`/callbacks/${callback}`, { status: "disabled" }));
  await ok(api.post("/orders", [order("parked", SKU, 1)]));
  await ok(api.post("/data_factory/shipOrder", [{ order_customer_id: "parked" }]));
  for (const callback of [kept, ended]) await untilDelivery(`parked&callback_id=${callback}`);
  await ok(api.patch(`/callbacks/${kept}`, { status: "active" }));
  await ok(api.delete("/callbacks", [ended]));
}

function untilDelivery(status: string): Promise<boolean> {
  const isThere = async () => (await api.get(`/callback_deliveries?status=${status}`)).body.data.length > 0;
  return vi.waitUntil(isThere, { timeout: 20_000, interval: 50 });
}

function order(customer_identifier: string, sku_customer_id: string, quantity: number): object {
  return { ...example, customer_identifier, line_items: [{ sku_customer_id, quantity }] };
}

/** A service as its peers call it, for what REST does not offer. */
function peerOf<Name extends keyof typeof services>(server: keyof Grpc, name: Name) {
  return peer(open.use(openChannel(server, inject("system").grpc[server])), services[name]);
}

type Grpc = ReturnType<typeof inject<"system">>["grpc"];

function caller(): CallOptions {
  return {
    tenantId: TENANT,
    requestId: requestIdOr(undefined),
    traceparent: traceparentOr(undefined),
    deadline: Date.now() + 10_000,
  };
}
