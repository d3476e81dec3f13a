import { randomUUID } from "node:crypto";
import { inCallTransaction } from "@waybill/mongo/call-transaction.ts";
import { CallbackDeliveryServiceService } from "@waybill/proto/callbacks/v1/deliveries.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { KeptMethod } from "@waybill/rpc/idempotency.ts";
import { createIdempotency } from "@waybill/service/idempotency.ts";
import { expect, it } from "vitest";
import type { CallbacksContext } from "../src/context.ts";
import type { DeliveryDocument } from "../src/delivery.ts";
import { shownId } from "../src/delivery-view.ts";
import { laneKeyOf } from "../src/engine/queue/queue.ts";
import { redeliverCallbackDelivery } from "../src/rpc/redeliver-callback-delivery.ts";
import { contextBeside } from "./context-beside.ts";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started));

/** The first delivery of an order of a registration of its own, which has arrived. */
async function arrived() {
  const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
  await network.register(tenant, receiver.url(path));
  await network.tell({ tenant, order, sequence: 1 });
  const first = await until(() => settled(order, 1));
  return { tenant, order, path, first };
}

/** A delivery of an order once it has ended with no lane left. */
async function settled(order: string, sequence: number): Promise<DeliveryDocument | null> {
  const found = (await network.deliveries(order)).find((one) => one.sequence === sequence);
  const isLeft = (await network.lanes()).some(({ _id }) => _id === found?.lane_id);
  return found?.status === "delivered" && !isLeft ? found : null;
}

const callOf = (tenantId: string) => ({ ...network.as(tenantId), tenantId }) as Call;
const redeliver = (context: CallbacksContext, { _id, tenant_id }: DeliveryDocument) =>
  redeliverCallbackDelivery(context, { id: shownId(_id) }, callOf(tenant_id));
const sequencesAt = (path: string) =>
  receiver.at(path).map(({ headers }) => Number(headers["waybill-sequence"]));

it("a call with an Idempotency-Key that dies before its answer is stored leaves nothing, and its repeat sends once", async () => {
  const { path, first, tenant, order } = await arrived();
  const context = await contextBeside(network.db);
  const method = CallbackDeliveryServiceService.redeliverCallbackDelivery as unknown as KeptMethod;
  const { client } = context;
  const db = client.db(network.db.databaseName);
  const answer = createIdempotency({ client, db }).keep(method);
  const keyed = { tenantId: tenant, key: randomUUID(), request: {}, deadline: Date.now() + 10_000 };
  const dying = answer(keyed, async () => {
    await redeliver(context, first);
    throw new Error("died");
  });
  await expect(dying).rejects.toThrow("died");
  expect(await network.deliveries(order)).toEqual([first]);
  expect(await settled(order, 1)).toEqual(first);

  const repeat = () => answer(keyed, () => redeliver(context, first));
  expect(await repeat()).toMatchObject({ isReplay: false, response: { delivery: { replay: true } } });
  await until(async () => (await settled(order, 1))?.attempts_count === 2);
  expect(await repeat()).toMatchObject({ isReplay: true, response: { delivery: { replay: true } } });
  // A delivery of the same order would have waited for it.
  await network.tell({ tenant, order, sequence: 2 });
  await until(() => settled(order, 2));
  expect(sequencesAt(path)).toEqual([1, 1, 2]);
});

it("is seen by nobody before its call commits, however long that takes", async () => {
  const { path, first, tenant, order } = await arrived();
  const context = await contextBeside(network.db);
  await inCallTransaction(
    context.client,
    () => redeliver(context, first),
    async () => {
      // Whoever sends has looked at all that the registration has.
      const other = randomUUID();
      await network.tell({ tenant, order: other, sequence: 7 });
      await until(() => settled(other, 7));
      expect(sequencesAt(path)).toEqual([1, 7]);
      expect(await network.deliveries(order)).toEqual([first]);
    },
  );
  await until(async () => (await settled(order, 1))?.replay);
  expect(sequencesAt(path)).toEqual([1, 7, 1]);
});

it("is sent if its order's lane is in work, and whoever holds that is done before the call commits", async () => {
  const { path, first, tenant, order } = await arrived();
  const context = await contextBeside(network.db);
  receiver.behave(path, (nth) => ({ delayMs: nth === 2 ? 1_000 : 0 }));
  await network.tell({ tenant, order, sequence: 2 });
  await until(() => receiver.at(path).length === 2);
  await inCallTransaction(
    context.client,
    () => redeliver(context, first),
    async () => {
      const isStored = async () => (await network.deliveries(order))[1]!.status === "delivered";
      await until(isStored);
    },
  );
  await until(async () => (await settled(order, 1))?.replay);
  expect(sequencesAt(path)).toEqual([1, 2, 1]);
});

it("makes the lane that its holder removes between the call's first look and its write", async () => {
  const { path, first, order } = await arrived();
  const context = await contextBeside(network.db);
  const held = { ...laneKeyOf(first), queue: "nobody/fresh", next_at: new Date(), wakes: 1, lease: "other" };
  await context.lanes.insertOne(held);
  let runs = 0;
  const wakeLanes: CallbacksContext["queue"]["wakeLanes"] = async (...woken) => {
    runs += 1;
    await context.lanes.deleteOne({ _id: held._id, lease: held.lease, wakes: held.wakes });
    return context.queue.wakeLanes(...woken);
  };
  await redeliver({ ...context, queue: { ...context.queue, wakeLanes } }, first);
  expect(runs).toBe(2);
  await until(async () => (await settled(order, 1))?.replay);
  expect(sequencesAt(path)).toEqual([1, 1]);
});
