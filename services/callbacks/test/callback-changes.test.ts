import { randomUUID } from "node:crypto";
import { inCallTransaction } from "@waybill/mongo/call-transaction.ts";
import type { CallbackChange, TestCallbackResponse } from "@waybill/proto/callbacks/v1/callbacks.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import type { CallbackDocument } from "../src/callback.ts";
import { testCallback } from "../src/rpc/test-callback.ts";
import { contextBeside } from "./context-beside.ts";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { ReceivedWebhook, Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started));

/** A registration of a tenant of its own. */
async function registered() {
  const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
  return { tenant, order, path, ...(await network.register(tenant, receiver.url(path))) };
}

const update = (tenant: string, id: string, callback: Partial<CallbackChange>) =>
  network.callbacks.updateCallback(
    { id, callback: { headers: {}, ...callback }, update_mask: Object.keys(callback) },
    network.as(tenant),
  );
const sequencesAt = (path: string) =>
  receiver.at(path).map(({ headers }) => Number(headers["waybill-sequence"]));
const verify = (secret: string, { body, headers }: ReceivedWebhook) =>
  new Webhook(secret).verify(body, headers as Record<string, string>);

describe("changing a registration", () => {
  it("disabled, it parks what comes; enabled again, it sends all of it in order", async () => {
    const { tenant, order, path, id } = await registered();
    expect((await update(tenant, id, { status: "disabled" })).callback).toMatchObject({ status: "disabled" });
    await network.tell(...[1, 2, 3].map((sequence) => ({ tenant, order, sequence })));
    const parked = { callback_id: id, status: "parked" };
    await until(async () => {
      const { data } = await network.deliveryLog.listCallbackDeliveries(parked, network.as(tenant));
      return data.length === 3;
    });
    expect(sequencesAt(path)).toEqual([]);
    expect((await update(tenant, id, { status: "active" })).callback).toMatchObject({ status: "active" });
    await until(() => sequencesAt(path).length === 3);
    expect(sequencesAt(path)).toEqual([1, 2, 3]);
  });

  it("sends to its new url, with its new token and headers, and takes them away again", async () => {
    const { tenant, order, path, id, secret } = await registered();
    const moved = receiver.url(`${path}/moved`);
    const headers = { "X-Api-Key": "k3y", "x-team": "a b" };
    const changed = await update(tenant, id, { url: moved, token: "t0ken", headers, rate_per_second: 100 });
    expect(changed.callback).toMatchObject({
      id,
      url: moved,
      has_token: true,
      has_headers: true,
      rate_per_second: 100,
    });
    expect(JSON.stringify(changed)).not.toMatch(/k3y|t0ken/);
    await network.tell({ tenant, order, sequence: 1 });
    const first = await until(() => receiver.at(`${path}/moved`)[0]);
    verify(secret, first);
    expect(first.headers).toMatchObject({
      authorization: "Bearer t0ken",
      "x-api-key": "k3y",
      "x-team": "a b",
    });
    await update(tenant, id, { token: null, headers: {}, rate_per_second: null });
    await network.tell({ tenant, order, sequence: 2 });
    const second = await until(() => receiver.at(`${path}/moved`)[1]);
    expect(Object.keys(second.headers)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^(x-|auth)/)]),
    );
    const stored = await network.db.collection<CallbackDocument>("callbacks").findOne({ _id: id });
    expect(stored).toMatchObject({ headers: null, token: null, rate_per_second: null });
  });

  it.each([
    ["a url that webhooks do not go to", { url: "http://10.0.0.1/" }, "URL_NOT_ALLOWED"],
    ["no url", { url: null }, "INVALID_REQUEST"],
    ["no status", { status: null }, "INVALID_REQUEST"],
    ["a header that others set", { headers: { "Webhook-Id": "mine" } }, "INVALID_REQUEST"],
    ["a header that proxies believe", { headers: { "X-Forwarded-For": "1.2.3.4" } }, "INVALID_REQUEST"],
    ["a header of two lines", { headers: { "x-a": "b\r\nwebhook-id: c" } }, "INVALID_REQUEST"],
  ])("with %s is refused whole", async (_, change, code) => {
    const { tenant, id, path } = await registered();
    await expect(update(tenant, id, { token: "new", ...change })).rejects.toMatchObject({ code });
    const { data } = await network.callbacks.listCallbacks({}, network.as(tenant));
    expect(data).toMatchObject([{ url: receiver.url(path), has_token: false, has_headers: false }]);
  });

  it("to the url of another one of its type, or by another tenant, is refused", async () => {
    const { tenant, id, path } = await registered();
    const other = await network.register(tenant, receiver.url(`${path}/other`));
    const url = receiver.url(`${path}/x/../other`);
    await expect(update(tenant, id, { url })).rejects.toMatchObject({ code: "DUPLICATE_CALLBACK" });
    await update(tenant, other.id, { url });
    const foreign = { code: "CALLBACK_NOT_FOUND" };
    await expect(update(newTenant(), id, { status: "disabled" })).rejects.toMatchObject(foreign);
  });
});

describe("the health of a receiver", () => {
  it("tells what fails, what waits and since when, and that it is well again", async () => {
    const { tenant, order, path, id } = await registered();
    const health = async () =>
      (await network.callbacks.listCallbacks({}, network.as(tenant))).data[0]!.health!;
    expect(await health()).toEqual({ state: "healthy", oldest_undelivered_at: null, error_rate: null });
    receiver.behave(path, { status: 503, headers: { "retry-after": "1" } });
    await network.tell({ tenant, order, sequence: 1 }, { tenant, order, sequence: 2 });
    await until(async () => (await health()).state === "failing");
    const [first] = await network.deliveries(order);
    expect(await health()).toMatchObject({ oldest_undelivered_at: first!.created_at, error_rate: 1 });
    await update(tenant, id, { status: "disabled" });
    expect(await health()).toMatchObject({ state: "paused", oldest_undelivered_at: first!.created_at });
    receiver.behave(path, {});
    await update(tenant, id, { status: "active" });
    await until(async () => (await health()).oldest_undelivered_at === null);
    const { state, error_rate } = await health();
    expect(state).toBe("healthy");
    expect(error_rate).toBeGreaterThan(0);
    expect(error_rate).toBeLessThan(1);
  });
});

describe("rotating a secret", () => {
  it("signs with both for a day, the new one first, and stores neither in the clear", async () => {
    const { tenant, order, path, id, secret: old } = await registered();
    const rotate = (as: string) => network.callbacks.rotateCallbackSecret({ id }, network.as(as));
    const { secret, previous_until } = await rotate(tenant);
    expect(secret).toMatch(/^whsec_/);
    expect(Date.parse(previous_until) - Date.now()).toBeGreaterThan(23 * 3600 * 1000);
    await network.tell({ tenant, order, sequence: 1 });
    const first = await until(() => receiver.at(path)[0]);
    verify(secret, first);
    verify(old, first);
    const [newest] = String(first.headers["webhook-signature"]).split(" ");
    const signed = { ...first, headers: { ...first.headers, "webhook-signature": newest! } };
    verify(secret, signed);
    expect(() => verify(old, signed)).toThrow("No matching signature found");

    const callbacks = network.db.collection<CallbackDocument>("callbacks");
    const stored = await callbacks.findOne({ _id: id });
    for (const text of [secret, old]) expect(JSON.stringify(stored)).not.toContain(text.slice(6));
    const yesterday = new Date(Date.now() - 1_000).toISOString();
    await callbacks.updateOne({ _id: id }, { $set: { "retired_secrets.0.until": yesterday } });
    await network.tell({ tenant, order, sequence: 2 });
    const second = await until(() => receiver.at(path)[1]);
    verify(secret, second);
    expect(() => verify(old, second)).toThrow("No matching signature found");
    await expect(rotate(newTenant())).rejects.toMatchObject({ code: "CALLBACK_NOT_FOUND" });
  });
});

describe("a test event", () => {
  it("is sent in the way of all others: signed, tried again and logged", async () => {
    const { tenant, path, id, secret } = await registered();
    receiver.behave(path, (nth) => ({ status: nth === 1 ? 500 : 204 }));
    const test = (as: string) => network.callbacks.testCallback({ id }, network.as(as));
    const { delivery } = await test(tenant);
    const webhook = await until(() => receiver.at(path)[1]);
    expect(verify(secret, webhook)).toMatchObject({
      callback_url: receiver.url(path),
      message_type: "test",
      message_id: delivery!.message_id,
      data: [{ callback_id: id }],
    });
    await until(async () => {
      const asked = { message_type: "test", status: "delivered" };
      const { data } = await network.deliveryLog.listCallbackDeliveries(asked, network.as(tenant));
      return data[0]?.id === delivery!.id && data[0].attempts_count === 2;
    });
    await expect(test(newTenant())).rejects.toMatchObject({ code: "CALLBACK_NOT_FOUND" });
  });

  it("is sent however long its call takes to commit, as one with an Idempotency-Key does", async () => {
    const { tenant, path, id } = await registered();
    const context = await contextBeside(network.db);
    const status = async ({ delivery }: TestCallbackResponse) => {
      const found = await network.deliveryLog.getCallbackDelivery({ id: delivery!.id }, network.as(tenant));
      return found.status;
    };
    const call = { ...network.as(tenant), tenantId: tenant } as Call;
    const made = await inCallTransaction(
      context.client,
      () => testCallback(context, { id }, call),
      async () => {
        // Whoever sends it has looked at all that the registration has.
        const other = await network.callbacks.testCallback({ id }, network.as(tenant));
        await until(async () => (await status(other)) === "delivered");
      },
    );
    await until(async () => (await status(made)) === "delivered");
    expect(receiver.at(path)).toHaveLength(2);
  });
});
