import { randomUUID } from "node:crypto";
import type { NewCallback } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { describe, expect, it } from "vitest";
import type { CallbackDocument } from "../src/callback.ts";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started), { RETRY_SCHEDULE_MS: "0,600000" });

const create = (tenant: string, ...callbacks: NewCallback[]) =>
  network.callbacks.createCallbacks({ callbacks }, network.as(tenant));
const list = async (tenant: string) => (await network.callbacks.listCallbacks({}, network.as(tenant))).data;
const aCallback = (path: string, more: Partial<NewCallback> = {}): NewCallback => ({
  url: `https://example.com/${path}`,
  message_type: "orderEvent",
  headers: {},
  ...more,
});

describe("registering", () => {
  it("answers each record in its place, with a secret, and a bad one fails alone", async () => {
    const { results, ...counts } = await create(
      newTenant(),
      aCallback("a"),
      aCallback("b", { url: "https://10.0.0.1/" }),
      aCallback("c", { message_type: "orderCreated" }),
      aCallback("d", { url: null }),
      aCallback("e"),
    );
    expect(counts).toEqual({
      records_submitted: 5,
      records_processed: 5,
      records_failed: 3,
      records_succeeded: 2,
    });
    expect(results.map(({ index, code, pointer }) => [index, code, pointer])).toEqual([
      [0, null, null],
      [1, "URL_NOT_ALLOWED", "/url"],
      [2, "NOT_ALLOWED", "/message_type"],
      [3, "REQUIRED", "/url"],
      [4, null, null],
    ]);
    for (const { secret, status } of [results[0]!, results[4]!]) {
      expect(status).toBe("success");
      expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
    }
  });

  it("the same url and type again is the same registration, whose secret is not told again", async () => {
    const tenant = newTenant();
    const [first] = (await create(tenant, aCallback("a"))).results;
    const { results } = await create(tenant, aCallback("a"), aCallback("a", { token: "new" }));
    expect(results).toMatchObject([
      { status: "success", system_id: first!.system_id, secret: null },
      { status: "success", system_id: first!.system_id, secret: null },
    ]);
    expect(await list(tenant)).toMatchObject([{ id: first!.system_id, has_token: true }]);
  });

  it("another spelling of the same url is the same registration", async () => {
    const tenant = newTenant();
    const [first] = (await create(tenant, aCallback("a"))).results;
    const spelled = aCallback("a", { url: "https://EXAMPLE.com:443/x/../a" });
    expect((await create(tenant, spelled)).results).toMatchObject([
      { system_id: first!.system_id, secret: null },
    ]);
    expect(await list(tenant)).toMatchObject([{ url: "https://example.com/a" }]);
  });

  it("at the same time leaves one registration with one secret", async () => {
    const tenant = newTenant();
    const answers = await Promise.all(Array.from({ length: 8 }, () => create(tenant, aCallback("race"))));
    const results = answers.map((answer) => answer.results[0]!);
    expect(new Set(results.map(({ system_id }) => system_id)).size).toBe(1);
    expect(results.filter(({ secret }) => secret !== null)).toHaveLength(1);
  });

  it("ends at 100 registrations of a tenant, however many calls race", async () => {
    const tenant = newTenant();
    const batch = (name: string) => Array.from({ length: 60 }, (_, index) => aCallback(`${name}-${index}`));
    const answers = await Promise.all([create(tenant, ...batch("a")), create(tenant, ...batch("b"))]);
    expect(answers.reduce((sum, { records_succeeded }) => sum + records_succeeded, 0)).toBe(100);
    expect((await network.callbacks.listCallbacks({ limit: 100 }, network.as(tenant))).data).toHaveLength(
      100,
    );
  });

  it("with another token sends the new one", async () => {
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    await network.register(tenant, receiver.url(path), { token: "old" });
    await network.register(tenant, receiver.url(path), { token: "new" });
    await network.tell({ tenant, order, sequence: 1 });
    const { headers } = await until(() => receiver.at(path)[0]);
    expect(headers.authorization).toBe("Bearer new");
  });

  it("with headers and a rate sends the headers, and shows the rate; again with others takes those", async () => {
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    const more = { headers: { "X-Team": "red", "x-key": "k" }, rate_per_second: 5 };
    await network.register(tenant, receiver.url(path), more);
    expect(await list(tenant)).toMatchObject([{ has_headers: true, rate_per_second: 5 }]);
    await network.register(tenant, receiver.url(path));
    await network.register(tenant, receiver.url(path), { headers: { "x-team": "blue" } });
    expect(await list(tenant)).toMatchObject([{ has_headers: true, rate_per_second: 5 }]);
    await network.tell({ tenant, order, sequence: 1 });
    const { headers } = await until(() => receiver.at(path)[0]);
    expect([headers["x-team"], headers["x-key"]]).toEqual(["blue", undefined]);
  });

  it.each([
    ["a header that others set", { headers: { "Webhook-Id": "mine" } }, "/headers/Webhook-Id"],
    ["a header that proxies believe", { headers: { "x-real-ip": "1.2.3.4" } }, "/headers/x-real-ip"],
    ["a header of two lines", { headers: { "x-a": "b\r\nwebhook-id: c" } }, "/headers/x-a"],
    ["no rate", { rate_per_second: 0 }, "/rate_per_second"],
  ])("with %s fails alone", async (_, more, pointer) => {
    const tenant = newTenant();
    const { results } = await create(tenant, aCallback("a", more), aCallback("b"));
    expect(results).toMatchObject([{ status: "failure", pointer }, { status: "success" }]);
    expect(await list(tenant)).toHaveLength(1);
  });

  it("again, and holding its type, are writes that count its version and its time on; saying the same is none", async () => {
    const tenant = newTenant();
    const [message_types, as] = [["orderEvent"], network.as(tenant)];
    const hold = () => network.callbacks.createCallbackHolds({ message_types }, as);
    const writes = [
      () => create(tenant, aCallback("a"), aCallback("a", { rate_per_second: 1 })),
      () => create(tenant, aCallback("a", { token: "t" }), aCallback("a", { rate_per_second: 2 })),
      hold,
      () => network.callbacks.deleteCallbackHolds({ message_types }, as),
      hold,
    ];
    const callbacks = network.db.collection<CallbackDocument>("callbacks");
    const stored: CallbackDocument[] = [];
    for (const write of writes) {
      await write();
      stored.push((await callbacks.findOne({ tenant_id: tenant }))!);
    }
    expect(stored.map(({ version }) => version)).toEqual([1, 2, 3, 4, 5]);
    const times = stored.map(({ updated_at }) => updated_at);
    expect(new Set(times).size).toBe(times.length);
    expect(times).toEqual(times.toSorted());
    expect(stored.map(({ held }) => held)).toEqual([false, false, true, false, true]);
    await hold();
    await create(tenant, aCallback("a"));
    expect(await callbacks.findOne({ tenant_id: tenant })).toEqual(stored.at(-1));
  });

  it("stores neither secret nor token in the clear", async () => {
    const tenant = newTenant();
    const [result] = (await create(tenant, aCallback("a", { token: "t0psecret" }))).results;
    const document = await network.db.collection("callbacks").findOne({ tenant_id: tenant });
    expect(JSON.stringify(document)).not.toContain("t0psecret");
    expect(JSON.stringify(document)).not.toContain(result!.secret!.slice(6));
  });
});

describe("the list", () => {
  it("shows a tenant's own, the newest first, page by page, without secrets and tokens", async () => {
    const tenant = newTenant();
    await create(newTenant(), aCallback("foreign"));
    await create(tenant, aCallback("a", { token: "t0psecret" }));
    await create(tenant, aCallback("b"));
    const all = await list(tenant);
    expect(
      all.map(({ url, has_token, status, api_version }) => [url, has_token, status, api_version]),
    ).toEqual([
      ["https://example.com/b", false, "active", "1.0"],
      ["https://example.com/a", true, "active", "1.0"],
    ]);
    expect(JSON.stringify(all)).not.toMatch(/whsec_|t0psecret/);
    const page = await network.callbacks.listCallbacks({ limit: 1, offset: 1 }, network.as(tenant));
    expect(page).toMatchObject({ limit: 1, offset: 1, data: [{ url: "https://example.com/a" }] });
  });
});

describe("deleting", () => {
  it("ends the registration: what it did not get yet fails with that reason, what comes is not for it", async () => {
    const [tenant, order, path] = [newTenant(), randomUUID(), `/${randomUUID()}`];
    receiver.behave(path, { status: 500 });
    const { id } = await network.register(tenant, receiver.url(path));
    await network.tell({ tenant, order, sequence: 1 }, { tenant, order, sequence: 2 });
    await until(async () => (await network.deliveries(order))[0]?.attempts_count === 1);
    const { results } = await network.callbacks.deleteCallbacks({ ids: [id] }, network.as(tenant));
    expect(results).toMatchObject([{ status: "success", system_id: id }]);
    const ended = await until(async () => {
      const found = await network.deliveries(order);
      return found.length === 2 && found.every(({ status }) => status === "failed") && found;
    });
    expect(ended.map(({ reason }) => reason)).toEqual(["registration deleted", "registration deleted"]);
    await until(async () => (await network.lanes()).length === 0);
    expect(receiver.at(path)).toHaveLength(1);
    expect(await list(tenant)).toEqual([]);
  });

  it("knows only the tenant's own, and a second time none", async () => {
    const tenant = newTenant();
    const [created] = (await create(tenant, aCallback("a"))).results;
    const ids = [created!.system_id!];
    const remove = (as: string) => network.callbacks.deleteCallbacks({ ids }, network.as(as));
    expect((await remove(newTenant())).results).toMatchObject([{ code: "CALLBACK_NOT_FOUND" }]);
    expect((await remove(tenant)).results).toMatchObject([{ status: "success" }]);
    expect((await remove(tenant)).results).toMatchObject([{ status: "failure", code: "CALLBACK_NOT_FOUND" }]);
  });

  it("and registering anew gives another registration and secret", async () => {
    const tenant = newTenant();
    const [first] = (await create(tenant, aCallback("a"))).results;
    await network.callbacks.deleteCallbacks({ ids: [first!.system_id!] }, network.as(tenant));
    const [second] = (await create(tenant, aCallback("a"))).results;
    expect(second!.system_id).not.toBe(first!.system_id);
    expect(second!.secret).not.toBe(first!.secret);
  });
});
