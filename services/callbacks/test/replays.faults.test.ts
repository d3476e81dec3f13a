import { randomUUID } from "node:crypto";
import type { CallbackReplay } from "@waybill/proto/callbacks/v1/replays.ts";
import { describe, expect, it } from "vitest";
import type { DeliveryDocument } from "../src/delivery.ts";
import type { ReplayDocument } from "../src/replay.ts";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started));

const replay = async (tenant: string, asked: CallbackReplay) =>
  (await network.replays.createCallbackReplay({ replay: asked }, network.as(tenant))).replay!;
const get = async (tenant: string, id: string) =>
  (await network.replays.getCallbackReplay({ id }, network.as(tenant))).replay!;
const replayedAt = (path: string) =>
  receiver
    .at(path)
    .filter(({ headers }) => headers["waybill-replay"] === "true")
    .map(({ headers }) => Number(headers["waybill-sequence"]));

/** A registration that has got three events of one order and one of another. */
async function delivered() {
  const [tenant, order, other, path] = [newTenant(), randomUUID(), randomUUID(), `/${randomUUID()}`];
  const { id } = await network.register(tenant, receiver.url(path));
  await network.tell(...[1, 2, 3].map((sequence) => ({ tenant, order, sequence })), {
    tenant,
    order: other,
    sequence: 9,
  });
  const stored = network.db.collection<DeliveryDocument>("deliveries");
  await until(async () => (await stored.countDocuments({ callback_id: id, status: "delivered" })) === 4);
  return { tenant, order, path, id, stored };
}

describe("a replay", () => {
  it("sends all that fits once more, an order's in their order, and tells how far it has come", async () => {
    const { tenant, order, path, id, stored } = await delivered();
    const { id: started, ...asked } = await replay(tenant, { order_id: order });
    expect(asked).toMatchObject({ status: "running", matched: 3, replayed: 0, order_id: order });
    await until(async () => (await get(tenant, started!)).status === "done");
    expect(await get(tenant, started!)).toMatchObject({ matched: 3, replayed: 3 });
    await until(() => replayedAt(path).length === 3);
    expect(replayedAt(path)).toEqual([1, 2, 3]);
    await until(async () => (await stored.countDocuments({ callback_id: id, status: "delivered" })) === 4);

    expect(await replay(tenant, { callback_id: id, preview: true })).toMatchObject({
      id: null,
      status: "preview",
      matched: 4,
    });
    expect(await replay(tenant, { callback_id: id, delivery_status: "failed" })).toMatchObject({
      matched: 0,
    });
    expect(await replay(tenant, { callback_id: id, edt: "2020-01-01T00:00:00Z" })).toMatchObject({
      matched: 0,
    });
    expect(await replay(newTenant(), { order_id: order })).toMatchObject({ matched: 0 });
    await expect(replay(tenant, {})).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    await expect(get(newTenant(), started!)).rejects.toMatchObject({ code: "REPLAY_NOT_FOUND" });
  });

  it("has no limit: more than a batch is sent to the last one", async () => {
    const { tenant, path, id, stored } = await delivered();
    const [one] = await stored.find({ callback_id: id }).toArray();
    const copies = Array.from({ length: 600 }, (_, index) => ({
      ...one!,
      _id: `${id}/copy-${index}`,
      message_id: `copy-${index}`,
      order_id: `o${index % 20}`,
      lane_id: `${id}/o${index % 20}`,
      sequence: index + 1,
    }));
    await stored.insertMany(copies);
    const { id: started, matched } = await replay(tenant, { sdt: one!.created_at, callback_id: id });
    expect(matched).toBeGreaterThanOrEqual(600);
    await until(async () => (await get(tenant, started!)).replayed === matched);
    await until(() => new Set(receiver.at(path).map(({ headers }) => headers["webhook-id"])).size === 604);
    await until(async () => (await stored.countDocuments({ callback_id: id, status: "pending" })) === 0);
  });

  it("that was killed within a batch does the rest of it", async () => {
    const { tenant, path, order, stored } = await delivered();
    const { id: started } = await replay(tenant, { order_id: order, preview: false });
    await until(async () => (await get(tenant, started!)).status === "done");
    await until(() => replayedAt(path).length === 3);
    await until(async () => (await stored.countDocuments({ order_id: order, status: "delivered" })) === 3);
    // As a crash leaves it: the batch is noted, one of it revived, no lane awake.
    const batch = await stored.find({ order_id: order }).sort({ sequence: 1 }).toArray();
    await stored.updateOne({ _id: batch[1]!._id }, { $set: { status: "pending" } });
    const left = { status: "running" as const, batch, position: null, replayed: 0, next_at: new Date() };
    await network.db.collection<ReplayDocument>("replays").updateOne({ _id: started! }, { $set: left });
    await until(() => replayedAt(path).length === 6);
    expect(replayedAt(path).slice(3)).toEqual([1, 2, 3]);
    await until(async () => (await get(tenant, started!)).status === "done");
    expect(await get(tenant, started!)).toMatchObject({ replayed: 3 });
  });
});
