import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { services } from "@waybill/proto/services.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { requestIdOr, traceparentOr } from "@waybill/rpc/metadata.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import type { ReceivedWebhook } from "../../services/callbacks/test/receiver.ts";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { readTopic } from "./topic.ts";
import { startVerifyingReceiver, type VerifyingReceiver } from "./verifying-receiver.ts";

const api = apiOf("webhooks");
const [order] = documentExample("001-create-orders");
let receiver: VerifyingReceiver;
let secret: string;
let registrationId: string;

beforeAll(async () => {
  receiver = await startVerifyingReceiver();
  await api.post("/skus", [{ customer_identifier: "shirts872340" }, { customer_identifier: "pants3422" }]);
  const url = receiver.url("/api/orderEvent");
  const { body } = await api.post("/callbacks", [
    { url, message_type: "orderEvent", token: "merchant-token" },
  ]);
  ({ secret, system_id: registrationId } = body.results[0]);
  receiver.trust({ path: "/api/orderEvent", message_type: "orderEvent", secret });
});
afterAll(() => receiver[Symbol.asyncDispose]());

const create = async (customer_identifier: string, change: object = {}): Promise<string> => {
  const { body } = await api.post("/orders", [{ ...order, customer_identifier, ...change }]);
  return body.results[0].system_id;
};
const webhooksOf = (orderId: string) =>
  receiver.at("/api/orderEvent").filter(({ headers }) => headers["waybill-order-id"] === orderId);
const arrived = (orderId: string, count: number): Promise<ReceivedWebhook[]> =>
  vi.waitUntil(() => webhooksOf(orderId).length >= count && webhooksOf(orderId), { timeout: 20_000 });

/** A call of this file's tenant, past REST. */
const asWarehouse = () => ({
  tenantId: "webhooks",
  requestId: requestIdOr(undefined),
  traceparent: traceparentOr(undefined),
  deadline: Date.now() + 10_000,
});

/** A shipment that REST shows, as 001 Orders writes it in an orderEvent. */
function asDocumented({ delivered_at: _later, shipment_line_items, ...shipment }: any) {
  const items = shipment_line_items.map(({ sku_customer_id, quantity }: any) => ({
    sku_customer_id,
    quantity,
  }));
  return { ...shipment, shipment_line_items: items };
}

/** The keys of a payload, at every depth, sorted; of lists those of their first element. */
function keysOf(value: any): any {
  if (Array.isArray(value)) return value.slice(0, 1).map(keysOf);
  if (value === null || typeof value !== "object") return null;
  return Object.fromEntries(
    Object.keys(value)
      .toSorted()
      .map((key) => [key, keysOf(value[key])]),
  );
}

describe("an order that a warehouse ships", () => {
  it("sends the payload of the document's example, value by value, and its api_version", async () => {
    const example = documentExample("001-order-event");
    const [{ customer_identifier, shipments, shorts }] = example.data;
    const [shipment] = shipments;
    // Every time has its milliseconds.
    const shipment_date_time = new Date(shipment.shipment_date_time).toISOString();
    const line_items = [
      { sku_customer_id: "shirts872340", quantity: 2 },
      { sku_customer_id: "pants3422", quantity: 1 },
    ];
    const orderId = await create(customer_identifier, { line_items });
    await api.post("/data_factory/advanceOrder", [
      { order_customer_id: customer_identifier, status: "packed" },
    ]);
    using channel = openChannel("orders", inject("system").grpc.orders);
    const warehouse = peer(channel, services["waybill.orders.v1.FulfillmentService"]);
    const move = { order: orderId, request_id: "parcel" };
    await warehouse.shortOrder({ ...move, shorts }, asWarehouse());
    await warehouse.shipOrder({ ...move, shipment }, asWarehouse());
    const last = (await arrived(orderId, 5)).at(-1)!;
    expect(JSON.parse(last.body)).toEqual({
      ...example,
      api_version: "1.0",
      callback_url: receiver.url("/api/orderEvent"),
      message_id: last.headers["webhook-id"],
      data: [{ ...example.data[0], order_id: orderId, shipments: [{ ...shipment, shipment_date_time }] }],
    });
  });
});

describe("an order that the sandbox ships", () => {
  it("sends four signed orderEvents in order, the last with its shipment", async () => {
    const orderId = await create("shipped");
    await api.post("/data_factory/shipOrder", [{ order_customer_id: "shipped" }]);
    const webhooks = await arrived(orderId, 4);
    const payloads = webhooks.map(({ body }) => JSON.parse(body));
    expect(payloads.map(({ data }) => data[0].status)).toEqual([
      "atWarehouse",
      "inProcess",
      "packed",
      "fulfilled",
    ]);
    const { body: shown } = await api.get(`/orders/${orderId}`);
    expect(payloads[3]).toEqual({
      callback_url: receiver.url("/api/orderEvent"),
      message_type: "orderEvent",
      message_id: webhooks[3]!.headers["webhook-id"],
      api_version: "1.0",
      data: [
        {
          order_id: orderId,
          customer_identifier: "shipped",
          status: "fulfilled",
          shipments: shown.shipments.map(asDocumented),
          shorts: [],
        },
      ],
    });
    expect(payloads[3].data[0].shipments).toMatchObject([
      {
        shipping_provider: "masonhub",
        shipper_service_level: "ground",
        shipment_line_items: [{ sku_customer_id: "shirts872340", quantity: 2 }],
      },
    ]);
  });

  it("tells each webhook's place in its order, and the token that was registered", async () => {
    const orderId = await create("placed");
    await api.post("/data_factory/advanceOrder", [{ order_customer_id: "placed", status: "inProcess" }]);
    const webhooks = await arrived(orderId, 2);
    expect(
      webhooks.map(({ headers }) => [headers["waybill-sequence"], headers["waybill-previous-sequence"]]),
    ).toEqual([
      ["2", "0"],
      ["3", "2"],
    ]);
    const { body: events } = await api.get(`/orders/${orderId}/events?after_sequence=1`);
    expect(webhooks.map(({ headers }) => headers["webhook-id"])).toEqual(
      events.data.map(({ id }: any) => id),
    );
    expect(webhooks[0]!.headers).toMatchObject({
      authorization: "Bearer merchant-token",
      "content-type": "application/json",
      "waybill-attempt": "1",
      "waybill-replay": "false",
    });
  });

  it("tells on the topic of deliveries that each of its webhooks arrived, in their order", async () => {
    await using outcomes = await readTopic("waybill.deliveries.v1");
    const orderId = await create("told");
    await api.post("/data_factory/advanceOrder", [{ order_customer_id: "told", status: "packed" }]);
    const webhooks = await arrived(orderId, 3);
    const told = await vi.waitUntil(() => outcomes.ofKey(orderId).length === 3 && outcomes.ofKey(orderId), {
      timeout: 20_000,
    });
    const { body: log } = await api.get(`/callback_deliveries?order_id=${orderId}`);
    expect(told.map(({ headers, value }) => [headers["ce_subject"], JSON.parse(value).message_id])).toEqual(
      webhooks.map(({ headers }, index) => [log.data.at(-1 - index).id, headers["webhook-id"]]),
    );
    expect(told.map(({ value }) => JSON.parse(value).sequence)).toEqual([2, 3, 4]);
    expect(told[0]!.headers).toMatchObject({
      ce_type: "waybill.delivery.delivered.v1",
      ce_sequence: "000000000001",
      ce_tenantid: "webhooks",
    });
  });

  it("with a missing SKU tells the short beside the shipment", async () => {
    const line_items = [...order.line_items, { sku_customer_id: "pants3422", quantity: 1 }];
    const orderId = await create("shorted", { line_items });
    await api.post("/data_factory/shipOrder", [{ order_customer_id: "shorted", shorts: ["pants3422"] }]);
    const webhooks = await arrived(orderId, 5);
    const last = JSON.parse(webhooks.at(-1)!.body).data[0];
    expect(last).toMatchObject({
      status: "fulfilled",
      shorts: [{ sku_customer_id: "pants3422", quantity: 1, reason: "damage" }],
    });
  });
});

describe("registrations", () => {
  it("are the same when they are sent again, without their secret, and list neither secret nor token", async () => {
    const url = receiver.url("/api/orderEvent");
    const again = await api.post("/callbacks", [
      { url, message_type: "orderEvent", token: "merchant-token" },
    ]);
    expect(again.body.results).toMatchObject([
      { system_id: registrationId, status: "success", secret: null },
    ]);
    const { body } = await api.get("/callbacks");
    expect(body.data).toMatchObject([{ id: registrationId, url, has_token: true, status: "active" }]);
    expect(JSON.stringify(body)).not.toContain("merchant-token");
    expect(JSON.stringify(body)).not.toContain(secret);
  });

  it.each([
    ["http://169.254.169.254/latest/meta-data", "a metadata address"],
    ["https://10.0.0.1/hook", "a private address"],
    ["ftp://example.com/", "another protocol"],
    ["https://user:pass@example.com/", "credentials"],
  ])("of %s (%s) are refused", async (url) => {
    const { body } = await api.post("/callbacks", [{ url, message_type: "orderEvent" }]);
    expect(body.results).toMatchObject([{ status: "failure", code: "URL_NOT_ALLOWED", pointer: "/url" }]);
  });

  it("are changed, rotated, tested, logged, sent again and replayed over REST", async () => {
    const path = "/managed";
    const added = { headers: { "X-Team": "red" }, rate_per_second: 9 };
    const at = { url: receiver.url(path), message_type: "orderCancelResolution", ...added };
    const { body: made } = await api.post("/callbacks", [at]);
    const { system_id: id, secret: old } = made.results[0];
    const { body: shown } = await api.get("/callbacks");
    expect(shown.data[0]).toMatchObject({ id, has_headers: true, rate_per_second: 9, status_reason: null });
    const headers = { "x-team": "blue" };
    const changed = await api.patch(`/callbacks/${id}`, { headers, rate_per_second: 50, token: null });
    expect([changed.status, changed.body.has_headers, changed.body.rate_per_second]).toEqual([200, true, 50]);
    const bad = await api.patch(`/callbacks/${id}`, { headers: { "Webhook-Id": "mine" } });
    expect([bad.status, bad.body.errors[0].pointer]).toEqual([400, "/headers/Webhook-Id"]);
    const rotated = await api.post(`/callbacks/${id}/rotate_secret`, undefined);
    expect(rotated.status).toBe(200);
    const tested = await api.post(`/callbacks/${id}/test`, undefined);
    expect(tested.status).toBe(202);
    for (const one of [old, rotated.body.secret])
      receiver.trust({ path, message_type: at.message_type, secret: one });
    const [webhook] = await vi.waitUntil(() => receiver.at(path).length > 0 && receiver.at(path));
    expect(webhook!.headers["x-team"]).toBe("blue");

    const delivery = `/callback_deliveries/${tested.body.id}`;
    const logged = () => api.get(delivery);
    await vi.waitUntil(async () => (await logged()).body.status === "delivered", { timeout: 20_000 });
    expect((await logged()).body.attempts).toMatchObject([{ number: 1, outcome: "ok", status_code: 204 }]);
    expect((await api.post(`${delivery}/redeliver`, undefined)).status).toBe(202);
    await vi.waitUntil(() => receiver.at(path).length === 2, { timeout: 20_000 });
    const { body: list } = await api.get(`/callback_deliveries?callback_id=${id}&message_type=test`);
    expect(list).toMatchObject({ limit: 30, next_cursor: null, data: [{ id: tested.body.id }] });
    const replay = await api.post("/callback_replays", { callback_id: registrationId, preview: true });
    expect([replay.status, replay.body.status]).toEqual([202, "preview"]);
    await api.delete("/callbacks", [id]);
    for (const name of readdirSync(inject("system").logs)) {
      const log = readFileSync(join(inject("system").logs, name), "utf8");
      const told = ["merchant-token", secret, old, rotated.body.secret].filter((one) => log.includes(one));
      expect([name, told]).toEqual([name, []]);
    }
  });

  it("get payloads of every message type with the keys that the guide shows", async () => {
    const types = ["orderUpdateResolution", "orderCancelResolution"];
    const at = (message_type: string) => ({ path: `/guide/${message_type}`, message_type });
    const ids = await receiver.register(api, types.map(at));
    await create("guided");
    await api.post("/order_update_requests", [{ ...order, customer_identifier: "guided" }]);
    const came = (type: string, nth: number) =>
      vi.waitUntil(() => receiver.at(`/guide/${type}`)[nth]?.body, { timeout: 20_000 });
    const payloads = new Map([["orderUpdateResolution", await came("orderUpdateResolution", 0)]]);
    await api.post("/data_factory/advanceOrder", [{ order_customer_id: "guided", status: "packed" }]);
    await api.post("/order_cancel_requests", [{ customer_identifier: "guided" }]);
    payloads.set("orderCancelResolution", await came("orderCancelResolution", 0));
    await api.post(`/callbacks/${ids[0]}/test`, undefined);
    payloads.set("test", await came("orderUpdateResolution", 1));
    for (const [type, body] of payloads) {
      const shown = readFileSync(
        new URL(`../../docs/webhooks/examples/${type}.json`, import.meta.url),
        "utf8",
      );
      expect([type, keysOf(JSON.parse(body))]).toEqual([type, keysOf(JSON.parse(shown))]);
    }
    await api.delete("/callbacks", ids);
  });

  it("that are deleted receive nothing any more", async () => {
    const url = receiver.url("/deleted");
    const { body } = await api.post("/callbacks", [{ url, message_type: "orderEvent" }]);
    await api.delete("/callbacks", [body.results[0].system_id]);
    const orderId = await create("after-delete");
    await api.post("/data_factory/advanceOrder", [
      { order_customer_id: "after-delete", status: "atWarehouse" },
    ]);
    await arrived(orderId, 1);
    expect(receiver.at("/deleted")).toEqual([]);
  });
});
