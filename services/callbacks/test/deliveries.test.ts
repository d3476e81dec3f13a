import { randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { newTenant, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started));

/** A path, a tenant and an order of one test. */
function fresh() {
  const id = randomUUID();
  return { path: `/${id.slice(0, 8)}`, tenant: newTenant(), order: id };
}

const sequencesAt = (path: string) =>
  receiver.at(path).map(({ headers }) => Number(headers["waybill-sequence"]));
const events = (tenant: string, order: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ tenant, order, sequence: index + 1 }));

describe("a webhook", () => {
  it("is the documented payload with the event's data byte for byte, signed, with its headers", async () => {
    const { path, tenant, order } = fresh();
    const { secret } = await network.register(tenant, receiver.url(path), { token: "t0ken" });
    await network.tell({ tenant, order, sequence: 1, data: { name: "Zoë 🎈", n: 1.5 } });
    const webhook = await until(() => receiver.at(path)[0]);
    const data = JSON.stringify({ order_id: order, sequence: 1, name: "Zoë 🎈", n: 1.5 });
    expect(webhook.body).toBe(
      `{"callback_url":"${receiver.url(path)}","message_type":"orderEvent","message_id":"${order}-1","data":[${data}],"api_version":"1.0"}`,
    );
    const verify = () => new Webhook(secret).verify(webhook.body, webhook.headers as Record<string, string>);
    expect(verify()).toEqual(JSON.parse(webhook.body));
    expect(webhook.headers).toMatchObject({
      "content-type": "application/json",
      "user-agent": "Waybill/1.0",
      "webhook-id": `${order}-1`,
      "waybill-order-id": order,
      "waybill-sequence": "1",
      "waybill-previous-sequence": "0",
      "waybill-attempt": "1",
      "waybill-replay": "false",
      authorization: "Bearer t0ken",
      traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
    });
  });

  it("goes to every registration of its type and tenant, under one id, and to no other", async () => {
    const { path, tenant, order } = fresh();
    const other = newTenant();
    await network.register(tenant, receiver.url(`${path}/a`));
    await network.register(tenant, receiver.url(`${path}/b`));
    await network.register(tenant, receiver.url(`${path}/c`), { message_type: "orderUpdateResolution" });
    await network.register(other, receiver.url(`${path}/d`));
    await network.tell(
      { tenant, order, sequence: 1, messageType: null },
      { tenant, order, sequence: 2 },
      { tenant, order, sequence: 3, messageType: "orderUpdateResolution" },
      { tenant, order, sequence: 4 },
    );
    await until(() => ["a", "b"].every((name) => receiver.at(`${path}/${name}`).length === 2));
    await until(() => receiver.at(`${path}/c`).length === 1);
    const idsAt = (name: string) =>
      receiver.at(`${path}/${name}`).map(({ headers }) => headers["webhook-id"]);
    expect(idsAt("a")).toEqual([`${order}-2`, `${order}-4`]);
    expect(idsAt("b")).toEqual(idsAt("a"));
    expect(idsAt("c")).toEqual([`${order}-3`]);
    const previous = receiver.at(`${path}/a`).map(({ headers }) => headers["waybill-previous-sequence"]);
    expect(previous).toEqual(["0", "2"]);
    expect(idsAt("d")).toEqual([]);
  });

  it("carries no Authorization without a token", async () => {
    const { path, tenant, order } = fresh();
    await network.register(tenant, receiver.url(path));
    await network.tell({ tenant, order, sequence: 1 });
    expect((await until(() => receiver.at(path)[0])).headers.authorization).toBeUndefined();
  });
});

describe("the webhooks of an order", () => {
  it("arrive in its order, one at a time, while those of other orders overtake", async () => {
    const { path, tenant } = fresh();
    receiver.behave(path, () => ({ delayMs: Math.random() * 20 }));
    await network.register(tenant, receiver.url(path));
    const orders = Array.from({ length: 12 }, () => randomUUID());
    await network.tell(
      ...[1, 2, 3, 4, 5].flatMap((sequence) => orders.map((order) => ({ tenant, order, sequence }))),
    );
    await until(() => receiver.at(path).length === 60);
    for (const members of Map.groupBy(
      receiver.at(path),
      ({ headers }) => headers["waybill-order-id"],
    ).values()) {
      expect(members.map(({ headers }) => headers["waybill-sequence"])).toEqual(["1", "2", "3", "4", "5"]);
      members.slice(1).forEach(({ atMs }, index) => expect(atMs).toBeGreaterThan(members[index]!.endedMs!));
    }
  });

  it("wait for a failed one, which comes again with the same id and bytes until it is taken", async () => {
    const { path, tenant, order } = fresh();
    receiver.behave(path, (nth) => ({ status: nth < 3 ? 500 : 200, body: "x".repeat(5_000) }));
    const { secret } = await network.register(tenant, receiver.url(path));
    await network.tell(...events(tenant, order, 2));
    await until(() => receiver.at(path).length === 4);
    expect(sequencesAt(path)).toEqual([1, 1, 1, 2]);
    const tries = receiver.at(path).slice(0, 3);
    expect(new Set(tries.map(({ body, headers }) => `${String(headers["webhook-id"])} ${body}`)).size).toBe(
      1,
    );
    expect(tries.map(({ headers }) => headers["waybill-attempt"])).toEqual(["1", "2", "3"]);
    for (const { body, headers } of tries)
      new Webhook(secret).verify(body, headers as Record<string, string>);
    const [first, second] = await until(async () => {
      const found = await network.deliveries(order);
      return found[1]?.status === "delivered" ? found : null;
    });
    const attempts = await network.attempts(first!._id);
    expect(attempts.map(({ number, status_code }) => [number, status_code])).toEqual([
      [1, 500],
      [2, 500],
      [3, 200],
    ]);
    expect(attempts[0]!.response_start).toBe("x".repeat(5_000));
    expect(second!.attempts_count).toBe(1);
  });

  it("go on with the next when the schedule of one has ended, which tells the gap", async () => {
    const { path, tenant, order } = fresh();
    receiver.behave(path, (_, { headers }) => ({
      status: headers["waybill-sequence"] === "2" ? 302 : 200,
      headers: { location: receiver.url("/elsewhere") },
    }));
    await network.register(tenant, receiver.url(path));
    await network.tell(...events(tenant, order, 3));
    await until(() => receiver.at(path).length === 6);
    expect(sequencesAt(path)).toEqual([1, 2, 2, 2, 2, 3]);
    expect(receiver.at(path).at(-1)!.headers["waybill-previous-sequence"]).toBe("2");
    expect(receiver.at("/elsewhere")).toEqual([]);
    const statuses = async () => (await network.deliveries(order)).map(({ status }) => status);
    await until(async () => (await statuses()).join() === "delivered,failed,delivered");
    await until(async () => (await network.lanes()).every(({ order_id }) => order_id !== order));
  });
});

describe("a repeated event", () => {
  it("makes no second delivery", async () => {
    const { path, tenant, order } = fresh();
    await network.register(tenant, receiver.url(path));
    await network.tell(...events(tenant, order, 2));
    await network.tell(...events(tenant, order, 3));
    await until(() => receiver.at(path).length === 3);
    await network.tell(...events(tenant, order, 3), { tenant, order, sequence: 4 });
    await until(() => receiver.at(path).length === 4);
    expect(sequencesAt(path)).toEqual([1, 2, 3, 4]);
    expect(await network.deliveries(order)).toHaveLength(4);
  });
});

describe("the log", () => {
  it("has one line per attempt, with ids and without secrets, tokens, bodies and urls", async () => {
    const { path, tenant, order } = fresh();
    const { secret } = await network.register(tenant, receiver.url(`${path}?key=hidden`), {
      token: "t0psecret",
    });
    await network.tell({ tenant, order, sequence: 1, data: { note: "pr1vate" } });
    await until(() => network.log().includes(`"order_id":"${order}"`));
    const lines = network
      .log()
      .split("\n")
      .filter((line) => line.includes(order));
    expect(lines.map((line) => JSON.parse(line) as object)).toMatchObject([
      {
        msg: "delivery.attempted",
        tenant_id: tenant,
        message_id: `${order}-1`,
        attempt: 1,
        outcome: "ok",
        status: "delivered",
      },
    ]);
    const hidden = [secret, secret.slice(6), "t0psecret", "hidden", "pr1vate", path];
    expect(hidden.filter((text) => network.log().includes(text))).toEqual([]);
  });
});
