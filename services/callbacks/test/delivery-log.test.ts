import { randomUUID } from "node:crypto";
import type { ListCallbackDeliveriesRequest } from "@waybill/proto/callbacks/v1/deliveries.ts";
import { beforeAll, describe, expect, it } from "vitest";
import type { DeliveryDocument } from "../src/delivery.ts";
import { findDeliveries, type DeliveryFilter } from "../src/delivery-list.ts";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started));

const list = (tenant: string, request: ListCallbackDeliveriesRequest = {}) =>
  network.deliveryLog.listCallbackDeliveries(request, network.as(tenant));
const get = (tenant: string, id: string) =>
  network.deliveryLog.getCallbackDelivery({ id }, network.as(tenant));
const redeliver = (tenant: string, id: string) =>
  network.deliveryLog.redeliverCallbackDelivery({ id }, network.as(tenant));
const sequencesOf = async (tenant: string, request: ListCallbackDeliveriesRequest) =>
  (await list(tenant, request)).data.map(({ sequence }) => sequence);

describe("the log of deliveries", () => {
  it("lists them the newest first, page by page, by every filter, and nobody else's", async () => {
    const [tenant, order, other, path] = [newTenant(), randomUUID(), randomUUID(), `/${randomUUID()}`];
    receiver.behave(`${path}/gone`, { status: 410 });
    const { id } = await network.register(tenant, receiver.url(path));
    const gone = await network.register(tenant, receiver.url(`${path}/gone`), {
      message_type: "orderCancelResolution",
    });
    await network.tell({ tenant, order, sequence: 1 });
    await until(async () => (await sequencesOf(tenant, { status: "delivered" })).length === 1);
    await network.tell({ tenant, order, sequence: 2 }, { tenant, order: other, sequence: 3 });
    await until(async () => (await sequencesOf(tenant, { status: "delivered" })).length === 3);
    const parking = { tenant, order, sequence: 4, messageType: "orderCancelResolution" };
    await network.tell(parking);
    const parked = await until(async () => {
      const [first] = (await list(tenant, { status: "parked" })).data;
      return first?.attempts_count === 1 && first;
    });
    expect(parked).toMatchObject({
      callback_id: gone.id,
      reason: "registration disabled",
      next_attempt_at: null,
    });

    const { data, next_cursor } = await list(tenant);
    expect([data.length, next_cursor]).toEqual([4, null]);
    expect(data[0]).toEqual(parked);
    expect(data[3]).toMatchObject({ sequence: 1, status: "delivered", replay: false, attempts_count: 1 });
    const paged: string[] = [];
    for (let cursor: string | null | undefined = null; cursor !== undefined;) {
      const page = await list(tenant, { limit: 1, cursor });
      paged.push(...page.data.map((delivery) => delivery.id));
      cursor = page.next_cursor ?? undefined;
    }
    expect(paged).toEqual(data.map((delivery) => delivery.id));

    expect(await sequencesOf(tenant, { order_id: order })).toEqual([4, 2, 1]);
    expect(await sequencesOf(tenant, { order_id: order, status: "delivered" })).toEqual([2, 1]);
    expect(await sequencesOf(tenant, { callback_id: gone.id })).toEqual([4]);
    expect(await sequencesOf(tenant, { callback_id: id, status: "parked" })).toEqual([]);
    expect(await sequencesOf(tenant, { status: "pending" })).toEqual([]);
    expect(await sequencesOf(tenant, { message_type: "orderCancelResolution" })).toEqual([4]);
    expect(await sequencesOf(tenant, { sdt: parked.created_at })).toEqual([4]);
    expect(await sequencesOf(tenant, { edt: data[2]!.created_at, callback_id: id })).toEqual([1]);
    expect(await sequencesOf(newTenant(), {})).toEqual([]);
  });

  it("shows each attempt of one, with its answer and when the next was due", async () => {
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    receiver.behave(path, (nth) => (nth === 1 ? { status: 500, body: "out of order" } : {}));
    await network.register(tenant, receiver.url(path));
    await network.tell({ tenant, order, sequence: 1 });
    const [listed] = await until(async () => {
      const { data } = await list(tenant, { order_id: order, status: "delivered" });
      return data.length === 1 && data;
    });
    const { attempts, ...delivery } = await get(tenant, listed!.id);
    expect(delivery).toEqual(listed);
    expect(delivery.id).toBe(`${delivery.callback_id}.${order}-1`);
    expect(attempts).toMatchObject([
      { number: 1, outcome: "http", status_code: 500, response_start: "out of order" },
      { number: 2, outcome: "ok", status_code: 204, response_start: "", next_attempt_at: null },
    ]);
    expect(Date.parse(attempts[0]!.next_attempt_at!)).toBeGreaterThan(Date.parse(attempts[0]!.at));
    await expect(get(newTenant(), listed!.id)).rejects.toMatchObject({ code: "DELIVERY_NOT_FOUND" });
    await expect(get(tenant, "no-such-delivery")).rejects.toMatchObject({ code: "DELIVERY_NOT_FOUND" });
  });
});

describe("redelivering", () => {
  it("sends what has failed or arrived once more, the same bytes and id, marked as a replay", async () => {
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    receiver.behave(path, { status: 500 });
    await network.register(tenant, receiver.url(path));
    await network.tell({ tenant, order, sequence: 1 });
    const failed = await until(async () => (await list(tenant, { status: "failed" })).data[0]);
    expect(failed).toMatchObject({ attempts_count: 4, reason: "no attempts left" });
    receiver.behave(path, {});
    expect((await redeliver(tenant, failed.id)).delivery).toMatchObject({ replay: true, reason: null });
    await until(async () => (await get(tenant, failed.id)).status === "delivered");
    await redeliver(tenant, failed.id);
    await until(() => receiver.at(path).length === 6);
    const [first, ...others] = receiver.at(path);
    for (const webhook of others) expect(webhook.body).toBe(first!.body);
    expect(others.map(({ headers }) => [headers["waybill-replay"], headers["waybill-attempt"]])).toEqual([
      ["false", "2"],
      ["false", "3"],
      ["false", "4"],
      ["true", "5"],
      ["true", "6"],
    ]);
    expect(new Set(receiver.at(path).map(({ headers }) => headers["webhook-id"])).size).toBe(1);
  });

  it("is refused for another tenant's, and once the registration was deleted", async () => {
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    const { id } = await network.register(tenant, receiver.url(path));
    await network.tell({ tenant, order, sequence: 1 });
    const delivery = await until(async () => (await list(tenant, { status: "delivered" })).data[0]);
    const refused = { code: "DELIVERY_NOT_FOUND" };
    await expect(redeliver(newTenant(), delivery.id)).rejects.toMatchObject(refused);
    await network.callbacks.deleteCallbacks({ ids: [id] }, network.as(tenant));
    await expect(redeliver(tenant, delivery.id)).rejects.toMatchObject({ code: "CALLBACK_NOT_FOUND" });
    expect((await get(tenant, delivery.id)).status).toBe("delivered");
  });
});

describe("a page", () => {
  const tenantId = newTenant();
  const registrations = Array.from({ length: 100 }, () => ({
    _id: randomUUID(),
    status: "disabled" as const,
    held: false,
  }));
  const orderId = randomUUID();
  const whole = {
    status: null,
    messageType: null,
    orderId: null,
    callbackId: null,
    from: null,
    before: null,
  };
  const at = (index: number) => new Date(1_700_000_000_000 + index).toISOString();
  beforeAll(async () => {
    const rows = Array.from({ length: 300 }, (_, index) => ({
      _id: `${registrations[index % 100]!._id}/m${index}`,
      tenant_id: tenantId,
      callback_id: registrations[index % 100]!._id,
      order_id: index % 2 === 0 ? orderId : randomUUID(),
      lane_id: `l${index}`,
      message_type: "orderEvent",
      status: index % 3 === 0 ? "failed" : "pending",
      created_at: at(index),
    }));
    await network.db.collection<{ _id: string }>("deliveries").insertMany(rows);
  });

  it.each<[string, Partial<DeliveryFilter>, number]>([
    ["all", {}, 12],
    ["a status", { status: "failed" }, 4],
    ["what is parked, of 100 registrations", { status: "parked" }, 100],
    ["a registration", { callbackId: registrations[0]!._id }, 3],
    ["an order", { orderId }, 1],
    ["a type, in a range of time", { messageType: "orderEvent", from: at(50), before: at(250) }, 3],
  ])("of %s is read from one index in its order, first and later ones alike", async (_, part, ranges) => {
    const filter = { ...whole, tenantId, ...part };
    const deliveries = network.db.collection<DeliveryDocument>("deliveries");
    for (const after of [null, [at(200), "z"] as [string, string]]) {
      const cursor = findDeliveries(deliveries, filter, { after, limit: 2 }, registrations);
      const { queryPlanner, executionStats } = await cursor.explain("executionStats");
      const stages = [...JSON.stringify(queryPlanner.winningPlan).matchAll(/"stage":"(\w+)"/g)];
      expect(stages.map(([, stage]) => stage)).not.toContain("SORT");
      expect(stages.map(([, stage]) => stage)).not.toContain("COLLSCAN");
      expect(executionStats.nReturned).toBe(2);
      expect(executionStats.totalDocsExamined).toBeLessThanOrEqual(2 + ranges);
      expect(executionStats.totalKeysExamined).toBeLessThanOrEqual(2 * (2 + ranges));
    }
  });
});
