import { randomBytes, randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { createVault } from "../src/secrets.ts";
import { newTenant, startTestCallbacks, until, type TestCallbacks } from "./harness.ts";
import { startReceiver, type Receiver } from "./receiver.ts";

let receiver: Receiver;
let network: TestCallbacks | null = null;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await network?.[Symbol.asyncDispose]();
  network = null;
});
afterAll(() => receiver[Symbol.asyncDispose]());

const sequencesAt = (path: string) =>
  receiver.at(path).map(({ headers }) => Number(headers["waybill-sequence"]));
const events = (tenant: string, order: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ tenant, order, sequence: index + 1 }));

describe("a hold", () => {
  it("keeps the webhooks of its message type, and of no other, and lifting it sends them in order", async () => {
    network = await startTestCallbacks();
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    const other = { message_type: "orderUpdateResolution" };
    await network.register(tenant, receiver.url(path));
    await network.register(tenant, receiver.url(`${path}/other`), other);
    const { callbacks } = network;
    const as = network.as(tenant);
    const held = await callbacks.createCallbackHolds({ message_types: ["orderEvent"] }, as);
    expect(held.data).toMatchObject([{ message_type: "orderEvent" }]);
    await network.register(tenant, receiver.url(`${path}/late`));
    await network.tell(...events(tenant, order, 3), {
      tenant,
      order,
      sequence: 4,
      messageType: "orderUpdateResolution",
    });
    await until(() => receiver.at(`${path}/other`).length === 1);
    expect((await network.deliveries(order)).map(({ status }) => status)).toContain("pending");
    expect((await callbacks.listCallbacks({}, as)).data.map((one) => one.held)).toEqual([true, false, true]);
    expect((await callbacks.listCallbackHolds({ message_type: "orderEvent" }, as)).data).toHaveLength(1);
    expect(sequencesAt(path)).toEqual([]);
    expect((await callbacks.deleteCallbackHolds({ message_types: ["orderEvent"] }, as)).data).toEqual([]);
    await until(() => sequencesAt(path).length === 3 && sequencesAt(`${path}/late`).length === 3);
    await network.tell({ tenant, order, sequence: 5 });
    await until(() => sequencesAt(path).length === 4 && sequencesAt(`${path}/late`).length === 4);
    expect(sequencesAt(path)).toEqual([1, 2, 3, 5]);
    expect(sequencesAt(`${path}/late`)).toEqual([1, 2, 3, 5]);
  });
});

describe("a secret that was sealed under another key", () => {
  it("makes its registration keep what it has, which is sent once the key is right again", async () => {
    network = await startTestCallbacks();
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    const { id } = await network.register(tenant, receiver.url(path));
    // Sealed anew, under a key that this instance has not.
    const callbacks = network.db.collection<{ _id: string; secret: string }>("callbacks");
    const { secret } = (await callbacks.findOne({ _id: id }))!;
    const strange = createVault(randomBytes(32)).seal("whsec_", id);
    await callbacks.updateOne({ _id: id }, { $set: { secret: strange } });
    await network.tell(...events(tenant, order, 2));
    const status = async () =>
      (await network!.callbacks.listCallbacks({}, network!.as(tenant))).data[0]!.status;
    await until(async () => (await status()) === "unreadable");
    expect(sequencesAt(path)).toEqual([]);
    await callbacks.updateOne({ _id: id }, { $set: { secret } });
    await network.callbacks.deleteCallbackHolds({ message_types: ["orderEvent"] }, network.as(tenant));
    await until(() => sequencesAt(path).length === 2);
    expect(sequencesAt(path)).toEqual([1, 2]);
    await until(async () => (await status()) === "active");
  });
});
