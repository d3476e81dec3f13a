import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { registerAll, startVerifyingReceiver, type VerifyingReceiver } from "./verifying-receiver.ts";

const api = apiOf("order-requests");
const [order] = documentExample("001-create-orders");
let receiver: VerifyingReceiver;

beforeAll(async () => {
  receiver = await startVerifyingReceiver();
  await api.post("/skus", [{ customer_identifier: "shirts872340" }, { customer_identifier: "pants3422" }]);
  await registerAll(receiver, api, "/hook");
});
afterAll(() => receiver[Symbol.asyncDispose]());

const create = async (customer_identifier: string): Promise<string> => {
  const { body } = await api.post("/orders", [{ ...order, customer_identifier }]);
  return body.results[0].system_id;
};

/** The webhooks of an order, in the order of its events, once there are as many. */
async function webhooksOf(orderId: string, count: number): Promise<any[]> {
  const found = () => receiver.at("/hook").filter(({ headers }) => headers["waybill-order-id"] === orderId);
  await vi.waitUntil(() => found().length >= count, { timeout: 20_000 });
  return found()
    .toSorted((a, b) => Number(a.headers["waybill-sequence"]) - Number(b.headers["waybill-sequence"]))
    .map(({ body, headers }) => ({ ...JSON.parse(body), sequence: Number(headers["waybill-sequence"]) }));
}

const resolution = (path: string, id: string): Promise<any> =>
  vi.waitUntil(
    async () => {
      const { body } = await api.get(`${path}/${id}`);
      return body.status === "pending" ? null : body;
    },
    { timeout: 20_000 },
  );

describe("POST /order_update_requests with the record of the document", () => {
  it("answers 202 as documented, and the order is what the record says once its webhook comes", async () => {
    const orderId = await create("12345");
    const record = { ...order, customer_identifier: "12345", gift_message: "Happy Birthday Brian!" };
    const { status, body } = await api.post("/order_update_requests", [record]);
    expect(status).toBe(202);
    const example = documentExample("001-order-update-response");
    const id = body.results[0].system_id;
    expect(body).toMatchObject({ ...example, results: [{ ...example.results[0], system_id: id }] });
    expect(id).not.toBe(orderId);

    const [webhook] = await webhooksOf(orderId, 1);
    expect(webhook).toEqual({
      callback_url: receiver.url("/hook"),
      message_type: "orderUpdateResolution",
      message_id: expect.any(String),
      api_version: "1.0",
      data: [
        {
          id,
          customer_order_id: "12345",
          customer_identifier: "12345",
          order_id: orderId,
          status: "success",
          reason: null,
          status_at_decision: "open",
          lost_to: null,
          created_at: expect.any(String),
          updated_at: expect.any(String),
        },
      ],
      sequence: 3,
    });
    const shown = await api.get(`/orders/${orderId}`);
    expect(shown.body).toMatchObject({
      gift_message: "Happy Birthday Brian!",
      substatus: null,
      status: "open",
    });
    const request = await api.get(`/order_update_requests/${id}`);
    expect(request.body).toEqual({
      ...webhook.data[0],
      code: null,
      pointer: null,
      version_at_decision: 1,
      base_version: null,
    });
  });

  it("takes a base_version, and tells by which event the update was too late", async () => {
    const orderId = await create("based");
    const { body: before } = await api.get(`/orders/${orderId}`);
    await api.post("/data_factory/advanceOrder", [{ order_customer_id: "based", status: "atWarehouse" }]);
    const record = { ...order, customer_identifier: "based", base_version: before.version };
    const { body } = await api.post("/order_update_requests", [record]);
    const request = await resolution("/order_update_requests", body.results[0].system_id);
    const { body: events } = await api.get(`/orders/${orderId}/events`);
    const [, accepted] = events.data;
    expect(request).toMatchObject({
      status: "failure",
      code: "CONFLICT",
      status_at_decision: "atWarehouse",
      lost_to: { id: accepted.id, sequence: 2, type: "waybill.order.accepted.v1" },
    });
  });
});

describe("POST /order_cancel_requests", () => {
  it("with the body of the document cancels the order and refuses what is no uuid in its place", async () => {
    const orderId = await create("129374");
    const answer = await api.post("/order_cancel_requests", documentExample("001-order-cancel-requests"));
    expect(answer.status).toBe(202);
    expect(answer.body).toMatchObject({
      records_submitted: 2,
      records_processed: 2,
      records_failed: 1,
      records_succeeded: 1,
      results: [
        { index: 0, customer_identifier: "129374", status: "success", code: null },
        { index: 1, status: "failure", code: "BAD_FORMAT", pointer: "/order_cancel_request_id" },
      ],
    });
    const webhooks = await webhooksOf(orderId, 2);
    expect(webhooks.map(({ message_type, sequence }) => [message_type, sequence])).toEqual([
      ["orderEvent", 2],
      ["orderCancelResolution", 3],
    ]);
    expect(webhooks[0].data).toMatchObject([{ order_id: orderId, status: "canceled" }]);
    expect(webhooks[1].data).toMatchObject([
      { id: answer.body.results[0].system_id, status: "success", status_at_decision: "open" },
    ]);
    expect((await api.get(`/orders/${orderId}`)).body.status).toBe("canceled");
  });

  it("loses against a shipment, and a second cancel against the first: the resolutions say so", async () => {
    await create("shipped");
    await api.post("/data_factory/shipOrder", [{ order_customer_id: "shipped" }]);
    const id = randomUUID();
    await api.post("/order_cancel_requests", [
      { customer_identifier: "shipped", order_cancel_request_id: id },
    ]);
    expect(await resolution("/order_cancel_requests", id)).toMatchObject({
      status: "failure",
      reason: "Order already shipped",
      lost_to: { type: "waybill.order.shipped.v1" },
    });

    const orderId = await create("twice");
    await api.post("/order_cancel_requests", [{ customer_identifier: "twice" }]);
    await api.post("/order_cancel_requests", [{ customer_identifier: "twice" }]);
    const webhooks = await webhooksOf(orderId, 3);
    expect(webhooks.map(({ data: [{ status, reason }] }) => [status, reason])).toEqual([
      ["canceled", undefined],
      ["success", null],
      ["failure", "Order already canceled"],
    ]);
  });
});

describe("lists of requests", () => {
  it("page by limit, offset and cursor, by status and id, as orders do", async () => {
    await create("listed");
    const ids: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const record = { ...order, customer_identifier: "listed" };
      const { body } = await api.post("/order_update_requests", [record]);
      ids.unshift(body.results[0].system_id);
      await resolution("/order_update_requests", ids[0]!);
    }
    const first = await api.get("/order_update_requests?cid=listed&limit=2&status=success");
    expect(first.body).toMatchObject({ limit: 2, offset: 0, data: [{ id: ids[0] }, { id: ids[1] }] });
    const next = await api.get(
      `/order_update_requests?cid=listed&limit=2&status=success&cursor=${first.body.next_cursor}`,
    );
    expect(next.body).toMatchObject({ next_cursor: null, data: [{ id: ids[2] }] });
    const byId = await api.get(`/order_update_requests?id=${ids[2]},${ids[0]}&offset=1`);
    expect(byId.body.data.map(({ id }: { id: string }) => id)).toEqual([ids[2]]);
    expect((await api.get("/order_cancel_requests?limit=101")).status).toBe(400);
    expect((await api.get(`/order_cancel_requests/${ids[0]}`)).body.code).toBe("REQUEST_NOT_FOUND");
  });
});
