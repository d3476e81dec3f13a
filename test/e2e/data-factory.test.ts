import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";
import { registerAll, startVerifyingReceiver, type VerifyingReceiver } from "./verifying-receiver.ts";

const api = apiOf("data-factory");
const [order] = documentExample("001-create-orders");
let receiver: VerifyingReceiver;
beforeAll(async () => {
  receiver = await startVerifyingReceiver();
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
  await registerAll(receiver, api, "/hook");
});
afterAll(() => receiver[Symbol.asyncDispose]());

const create = async (customer_identifier: string): Promise<string> => {
  const { body } = await api.post("/orders", [{ ...order, customer_identifier }]);
  return body.results[0].system_id;
};
const act = async (action: string, ...records: object[]): Promise<any[]> => {
  const { status, body } = await api.post(`/data_factory/${action}`, records);
  expect(status).toBe(200);
  return body.results;
};
const orderOf = async (id: string) => (await api.get(`/orders/${id}`)).body;

/** What the webhook says that this order and message type gets last. */
const told = (orderId: string, type: string, status: string): Promise<any> =>
  vi.waitUntil(
    () => {
      const bodies = receiver
        .at("/hook")
        .filter(({ headers }) => headers["waybill-order-id"] === orderId)
        .map(({ body }) => JSON.parse(body));
      const found = bodies.find(
        ({ message_type, data }) => message_type === type && data[0].status === status,
      );
      return found?.data[0];
    },
    { timeout: 20_000 },
  );

describe("orderShipmentEvent", () => {
  it("delivers what the sandbox shipped, by the tracking_number that the order shows", async () => {
    const id = await create("carried");
    await act("shipOrder", { order_customer_id: "carried", number_of_shipments: 2 });
    const { shipments } = await orderOf(id);
    const numbers = shipments.map(({ tracking_number }: any) => tracking_number);
    expect(new Set(numbers).size).toBe(2);
    for (const { tracking_number, tracking_url } of shipments)
      expect(tracking_url).toContain(tracking_number);
    const report = (tracking_number: string) =>
      act("orderShipmentEvent", { tracking_number, event: "delivered" });
    expect(await report(numbers[0])).toMatchObject([{ status: "success", system_id: id }]);
    expect((await orderOf(id)).status).toBe("fulfilled");
    expect(await report(numbers[1])).toMatchObject([{ status: "success", system_id: id }]);
    expect((await orderOf(id)).status).toBe("delivered");
    const { shipments: shown } = await told(id, "orderEvent", "delivered");
    expect(shown.map(({ tracking_number }: any) => tracking_number)).toEqual(numbers);
    expect(await report("unknown")).toMatchObject([{ status: "failure", code: "SHIPMENT_NOT_FOUND" }]);
  });

  it("delivers what advanceOrder shipped too", async () => {
    const id = await create("advanced");
    await act("advanceOrder", { order_customer_id: "advanced", status: "fulfilled" });
    const [{ tracking_number }] = (await orderOf(id)).shipments;
    await act("orderShipmentEvent", { tracking_number, event: "delivered" });
    expect((await orderOf(id)).status).toBe("delivered");
  });
});

describe("requests that holdOrderRequests holds", () => {
  const held = async (name: string): Promise<string> => {
    const id = await create(name);
    const [answer] = await act("holdOrderRequests", { order_customer_id: name, held: true });
    expect(answer).toMatchObject({ status: "success", system_id: id });
    return id;
  };
  const askUpdate = async (name: string): Promise<string> => {
    const record = { ...order, customer_identifier: name, gift_message: "new" };
    return (await api.post("/order_update_requests", [record])).body.results[0].system_id;
  };
  const askCancel = async (customer_identifier: string): Promise<string> => {
    const order_cancel_request_id = randomUUID();
    await api.post("/order_cancel_requests", [{ customer_identifier, order_cancel_request_id }]);
    return order_cancel_request_id;
  };

  it("are resolved as resolveOrderUpdate says: failure, then success", async () => {
    const id = await held("updated");
    const [first, second] = [await askUpdate("updated"), await askUpdate("updated")];
    const resolve = (order_update_request_id: string, resolution: string) =>
      act("resolveOrderUpdate", { order_update_request_id, resolution });
    expect(await resolve(first, "failure")).toMatchObject([{ status: "success", system_id: first }]);
    expect(await told(id, "orderUpdateResolution", "failure")).toMatchObject({ id: first });
    expect(await orderOf(id)).toMatchObject({ status: "open", gift_message: order.gift_message });
    expect((await api.get(`/order_update_requests/${second}`)).body.status).toBe("pending");
    expect(await resolve(second, "success")).toMatchObject([{ status: "success" }]);
    expect(await told(id, "orderUpdateResolution", "success")).toMatchObject({ id: second });
    expect(await orderOf(id)).toMatchObject({ gift_message: "new" });
    expect(await resolve(second, "failure")).toMatchObject([{ code: "STATUS_FORBIDS" }]);
  });

  it("are resolved as resolveOrderCancel says", async () => {
    const id = await held("canceled");
    const resolve = (order_cancel_request_id: string, resolution: string) =>
      act("resolveOrderCancel", { order_cancel_request_id, resolution });
    const first = await askCancel("canceled");
    expect(await resolve(first, "failure")).toMatchObject([{ status: "success" }]);
    expect(await told(id, "orderCancelResolution", "failure")).toMatchObject({ id: first });
    expect((await orderOf(id)).status).toBe("open");
    await resolve(await askCancel("canceled"), "success");
    expect(await told(id, "orderCancelResolution", "success")).toMatchObject({ status_at_decision: "open" });
    expect((await orderOf(id)).status).toBe("canceled");
  });

  it("are decided in their order once they are held no more", async () => {
    const id = await held("released");
    const requests = [await askUpdate("released"), await askCancel("released")];
    await act("holdOrderRequests", { order_customer_id: "released", held: false });
    const { data } = (await api.get(`/orders/${id}/events`)).body;
    const resolved = data.filter(({ message_type }: any) => message_type?.endsWith("Resolution"));
    expect(resolved.map((event: any) => event.data.id)).toEqual(requests);
    expect(await orderOf(id)).toMatchObject({ status: "canceled", gift_message: "new" });
    const unknown = await act("holdOrderRequests", { order_customer_id: "nobody", held: true });
    expect(unknown).toMatchObject([{ code: "ORDER_NOT_FOUND" }]);
  });
});
