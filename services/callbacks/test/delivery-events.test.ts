import { randomUUID } from "node:crypto";
import type { OutboxRow } from "@waybill/events/outbox.ts";
import { describe, expect, it } from "vitest";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started), { RETRY_SCHEDULE_MS: "0,50" });

async function registered() {
  const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
  return { tenant, order, path, ...(await network.register(tenant, receiver.url(path))) };
}

/** The rows of a tenant, once there are `count`, in the order they were written. */
const rowsOf = (tenant: string, count: number) =>
  until(async () => {
    const outbox = network.db.collection<OutboxRow>("outbox");
    const rows = await outbox.find({ tenant_id: tenant }).sort({ _id: 1 }).toArray();
    return rows.length >= count && rows;
  });
const dataOf = ({ data }: OutboxRow) => JSON.parse(data) as Record<string, unknown>;
const told = (rows: readonly OutboxRow[]) =>
  rows.map(({ type, sequence }) => `${type.replace("waybill.", "")} ${sequence}`);
const parkedRows = (count: number) => Array.from({ length: count }, () => "delivery.parked.v1 1");

describe("what became of a webhook is told", () => {
  it("when it was delivered: keyed by its order, with the attempt that did it", async () => {
    const { tenant, order, path, id } = await registered();
    receiver.behave(path, (nth) => ({ status: nth === 1 ? 500 : 204, body: "the receiver's words" }));
    await network.tell({ tenant, order, sequence: 1, data: { gift_message: "private" } });
    const [row, ...more] = await rowsOf(tenant, 1);
    const data = await until(async () => {
      const asked = { order_id: order, status: "delivered" };
      const listed = await network.deliveryLog.listCallbackDeliveries(asked, network.as(tenant));
      return listed.data.length > 0 && listed.data;
    });
    expect(more).toEqual([]);
    expect(row).toMatchObject({
      topic: "waybill.deliveries.v1",
      type: "waybill.delivery.delivered.v1",
      key: order,
      aggregate_id: data[0]!.id,
      sequence: 1,
    });
    const { next_attempt_at: _none, ...shown } = data[0]!;
    expect(dataOf(row!)).toEqual({
      ...shown,
      callback_id: id,
      outcome: "ok",
      status_code: 204,
      duration_ms: expect.any(Number),
    });
    expect(row!.data).not.toMatch(/private|words|http:/);
  });

  it("when no attempts are left, and again when it is sent once more, as the next of its own events", async () => {
    const { tenant, order, path } = await registered();
    receiver.behave(path, { status: 500 });
    await network.tell({ tenant, order, sequence: 1 });
    const [failed] = await rowsOf(tenant, 1);
    expect(failed!.type).toBe("waybill.delivery.failed.v1");
    expect(dataOf(failed!)).toMatchObject({
      status: "failed",
      reason: "no attempts left",
      status_code: 500,
      attempts_count: 2,
    });
    receiver.behave(path, {});
    await network.deliveryLog.redeliverCallbackDelivery({ id: failed!.aggregate_id }, network.as(tenant));
    const rows = await rowsOf(tenant, 2);
    expect(told(rows)).toEqual(["delivery.failed.v1 1", "delivery.delivered.v1 2"]);
    expect(dataOf(rows[1]!)).toMatchObject({ replay: true, attempts_count: 3, reason: null });
  });

  it("when its registration is disabled, by its owner or by the receiver, and when it goes on", async () => {
    const { tenant, order, path, id } = await registered();
    const change = { id, callback: { status: "disabled", headers: {} }, update_mask: ["status"] };
    await network.callbacks.updateCallback(change, network.as(tenant));
    await network.callbacks.updateCallback(change, network.as(tenant));
    await network.tell({ tenant, order, sequence: 1 }, { tenant, order, sequence: 2 });
    await network.callbacks.testCallback({ id }, network.as(tenant));
    const parked = await rowsOf(tenant, 4);
    expect(told(parked)).toEqual(["callback.disabled.v1 1", ...parkedRows(3)]);
    expect(dataOf(parked[0]!)).toEqual({
      id,
      message_type: "orderEvent",
      status: "disabled",
      reason: "disabled by its owner",
    });
    expect(parked.map(({ key }) => key).toSorted()).toEqual([id, id, order, order].toSorted());
    expect(dataOf(parked[1]!)).toMatchObject({ reason: "registration disabled", outcome: null });

    receiver.behave(path, { status: 410 });
    await network.enable(tenant, id);
    const again = (await rowsOf(tenant, 7)).slice(4);
    const gone = again.filter(({ aggregate_id }) => aggregate_id === id);
    expect(told(gone)).toEqual(["callback.enabled.v1 2", "callback.disabled.v1 3"]);
    expect(dataOf(gone[1]!)).toMatchObject({ reason: "the receiver answered 410" });
    const { data } = await network.callbacks.listCallbacks({}, network.as(tenant));
    expect(data[0]).toMatchObject({ status: "disabled", status_reason: "the receiver answered 410" });
    const refused = again.filter(({ aggregate_id }) => aggregate_id !== id).map(dataOf);
    for (const one of refused)
      expect(one).toMatchObject({ status: "parked", reason: "registration disabled", status_code: 410 });
  });

  it("when its message type is held", async () => {
    const { tenant, order } = await registered();
    await network.callbacks.createCallbackHolds({ message_types: ["orderEvent"] }, network.as(tenant));
    await network.tell({ tenant, order, sequence: 1 });
    const [row] = await rowsOf(tenant, 1);
    expect([row!.type, dataOf(row!)["reason"]]).toEqual(["waybill.delivery.parked.v1", "message type held"]);
    await network.callbacks.deleteCallbackHolds({ message_types: ["orderEvent"] }, network.as(tenant));
    expect(told(await rowsOf(tenant, 2))).toEqual(["delivery.parked.v1 1", "delivery.delivered.v1 2"]);
  });

  it("when its registration was deleted, however much was waiting", async () => {
    const { tenant, order, path, id } = await registered();
    receiver.behave(path, { status: 503, headers: { "retry-after": "600" } });
    const events = Array.from({ length: 30 }, (_, index) => ({ tenant, order, sequence: index + 1 }));
    await network.tell(...events);
    await until(async () => (await network.deliveries(order)).length === events.length);
    await network.callbacks.deleteCallbacks({ ids: [id] }, network.as(tenant));
    const rows = await rowsOf(tenant, events.length);
    expect(new Set(rows.map(({ aggregate_id }) => aggregate_id)).size).toBe(events.length);
    for (const row of rows) expect(dataOf(row)).toMatchObject({ reason: "registration deleted" });
  });
});
