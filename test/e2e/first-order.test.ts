import { services } from "@waybill/proto/services.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { readTopic, type TopicReader } from "./topic.ts";

const api = apiOf("first-order");
const example = documentExample("001-create-orders");
let orderId: string;
let topic: TopicReader;

beforeAll(async () => {
  await api.post("/skus", [
    { customer_identifier: "shirts872340", catalog_price: "21.56", tax_rate: "19.0" },
  ]);
  const { body } = await api.post("/orders", example);
  orderId = body.results[0].system_id;
  topic = await readTopic("waybill.orders.v1");
});
afterAll(() => topic[Symbol.asyncDispose]());

describe("the example order of 001 Orders", () => {
  it("is accepted as the document writes it, and a repeat answers with the same order", async () => {
    const repeat = await api.post("/consumers/api/v1/orders/", example);
    expect(repeat.status).toBe(200);
    expect(repeat.body).toEqual({
      records_submitted: 1,
      records_processed: 1,
      records_failed: 0,
      records_succeeded: 1,
      results: [
        {
          index: 0,
          system_id: orderId,
          customer_identifier: "129374",
          status: "success",
          code: null,
          reason: null,
          pointer: null,
          warnings: [],
        },
      ],
    });
  });

  it("is read back with every field that was sent, its lines priced", async () => {
    const { status, body } = await api.get(`/orders/${orderId}`);
    expect(status).toBe(200);
    const [{ submitted_at, line_items, ...sent }] = example;
    expect(body).toMatchObject({
      ...sent,
      submitted_at: "2018-08-01T00:00:00.000Z",
      status: "open",
      version: 1,
    });
    expect(line_items).toHaveLength(1);
    expect(body.line_items).toHaveLength(1);
    expect(body.line_items[0]).toMatchObject({
      sku_customer_id: "shirts872340",
      quantity: 2,
      promised_delivery_date: "2018-08-15T17:32:28.000Z",
      estimated_delivery_date: "2018-08-15T17:32:28.000Z",
      catalog_price: "21.56",
      total_net_price: "43.12",
      taxes: "8.19",
      total_gross_price: "51.31",
    });
    expect(submitted_at).toBe("2018-08-01T00:00:00Z");
  });

  it("is found by its order_nr, and under the base path of the documents", async () => {
    const { body } = await api.get(`/orders/${orderId}`);
    const byNumber = await api.get(`/consumers/api/v1/orders/${body.order_nr}/`);
    expect(byNumber.body).toEqual(body);
  });

  it("is listed by the document's own query", async () => {
    const { status, body } = await api.get("/orders?limit=50&list_type=detail&sdt=2018-08-01T00:00:00Z");
    expect(status).toBe(200);
    expect(body).toMatchObject({ limit: 50, offset: 0, list_type: "detail" });
    expect(body.data.map(({ id }: { id: string }) => id)).toContain(orderId);
  });

  it("is listed as a summary without its texts", async () => {
    const { body } = await api.get(`/orders?id=${orderId}&list_type=summary`);
    expect(body).not.toHaveProperty("summaries");
    expect(body.data).toEqual([
      expect.objectContaining({ id: orderId, line_items_count: 1, total_quantity: 2, has_shipments: false }),
    ]);
    expect(body.data[0]).not.toHaveProperty("gift_message");
  });

  it("is on its topic as one order.created event, with the bytes that REST shows", async () => {
    const [message] = await vi.waitUntil(
      () => topic.ofKey(orderId).length > 0 && topic.ofKey(orderId),
      10_000,
    );
    const { body } = await api.get(`/orders/${orderId}/events`);
    expect(body).toMatchObject({
      data: [{ sequence: 1, type: "waybill.order.created.v1" }],
      next_cursor: null,
    });
    expect(JSON.parse(message!.value)).toEqual(body.data[0].data);
    expect(message!.headers).toMatchObject({
      ce_specversion: "1.0",
      ce_id: body.data[0].id,
      ce_type: "waybill.order.created.v1",
      ce_subject: orderId,
      ce_time: body.data[0].time,
      ce_sequence: "000000000001",
      ce_tenantid: "first-order",
      "content-type": "application/json",
    });
  });

  it("carries the caller's trace to the event", async () => {
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const { body } = await api.post("/orders", [{ ...example[0], customer_identifier: "traced" }], {
      traceparent,
    });
    const id = body.results[0].system_id;
    const [message] = await vi.waitUntil(() => topic.ofKey(id).length > 0 && topic.ofKey(id), 10_000);
    expect(message!.headers["traceparent"]).toBe(traceparent);
  });

  it("is one of many at once: each is answered alone, as it was sent, and its event has its own trace", async () => {
    const traceOf = (index: number) => `00-${String(index).padStart(32, "a")}-b7ad6b7169203331-01`;
    const answers = await Promise.all(
      Array.from({ length: 24 }, (_, index) => {
        const record = { ...example[0], customer_identifier: index % 6 === 5 ? null : `at-once-${index}` };
        return api.post("/orders", [record], { traceparent: traceOf(index) });
      }),
    );
    for (const [index, { status, body }] of answers.entries()) {
      const [result] = body.results;
      expect([status, result.index]).toEqual([200, 0]);
      if (index % 6 === 5) {
        expect(body).toMatchObject({ records_submitted: 1, records_failed: 1 });
        expect(result).toMatchObject({ code: "REQUIRED", pointer: "/customer_identifier" });
        continue;
      }
      expect(result).toMatchObject({ status: "success", customer_identifier: `at-once-${index}` });
      const id = result.system_id;
      const [message] = await vi.waitUntil(() => topic.ofKey(id).length > 0 && topic.ofKey(id), 10_000);
      expect(message!.headers["traceparent"]).toBe(traceOf(index));
    }
  });

  it("is the same order over gRPC", async () => {
    using channel = openChannel("orders", inject("system").grpc.orders);
    const orders = peer(channel, services["waybill.orders.v1.OrderService"]);
    const { order } = await orders.getOrder(
      { order: orderId },
      { tenantId: "first-order", requestId: "grpc", traceparent: "", deadline: Date.now() + 5_000 },
    );
    expect(order).toEqual((await api.get(`/orders/${orderId}`)).body);
  });

  it("is invisible to another tenant", async () => {
    const other = apiOf("batches");
    expect((await other.get(`/orders/${orderId}`)).body.code).toBe("ORDER_NOT_FOUND");
    expect((await other.get(`/orders?id=${orderId}`)).body.data).toEqual([]);
  });
});
