import { randomUUID } from "node:crypto";
import { describe, expect, it } from "vitest";
import { newTenant, startTestCallbacks, until, type TestCallbacks } from "./harness.ts";
import { networkWithReceiver } from "./network-with-receiver.ts";
import type { ReceivedWebhook, Receiver } from "./receiver.ts";

let network: TestCallbacks;
let receiver: Receiver;
networkWithReceiver((started) => ({ network, receiver } = started));

/** A path, a tenant and an order of one test. */
function fresh() {
  const id = randomUUID();
  return { path: `/${id.slice(0, 8)}`, tenant: newTenant(), order: id };
}

const events = (tenant: string, order: string, count: number) =>
  Array.from({ length: count }, (_, index) => ({ tenant, order, sequence: index + 1 }));

describe("a receiver that hangs or fails", () => {
  it("delays no other receiver, and no other order of its own", async () => {
    // Nothing runs into its time here.
    await using network = await startTestCallbacks({ ATTEMPT_MS_MAX: "60000" });
    const { path, tenant, order } = fresh();
    const dark = { ...fresh(), orders: Array.from({ length: 40 }, () => randomUUID()) };
    const stuck = (_: number, { headers }: { headers: NodeJS.Dict<string | string[]> }) => ({
      hang: headers["waybill-order-id"] === order,
    });
    receiver.behave(path, stuck);
    receiver.behave(`${dark.path}/hang`, { hang: true });
    receiver.behave(`${dark.path}/500`, { status: 500 });
    await network.register(tenant, receiver.url(path));
    await network.register(dark.tenant, receiver.url(`${dark.path}/hang`));
    await network.register(dark.tenant, receiver.url(`${dark.path}/500`));
    await network.tell(...dark.orders.map((one) => ({ tenant: dark.tenant, order: one, sequence: 1 })));
    await until(() => receiver.at(`${dark.path}/hang`).length === 4);
    const quick = Array.from({ length: 20 }, () => randomUUID());
    await network.tell({ tenant, order, sequence: 1 }, ...quick.flatMap((one) => events(tenant, one, 2)));
    const ended = () => receiver.at(path).filter(({ endedMs }) => endedMs !== null);
    await until(() => ended().length >= 40);
    // All of that while the first four of the dark one were still hanging.
    expect(receiver.at(`${dark.path}/hang`).map(({ endedMs }) => endedMs)).toEqual(Array(4).fill(null));
  });

  it.each([
    ["one", 1, { BREAKER_MS: "60000" }],
    ["five", 5, { BREAKER_MS: "2000" }],
  ])(
    "is not taken for down by %s of its orders that fail again and again: the others wait for a retry at most",
    async (_, count, breaker) => {
      const RETRY_SCHEDULE_MS = `0${",500".repeat(25)}`;
      await using network = await startTestCallbacks({ RETRY_SCHEDULE_MS, ...breaker });
      const { path, tenant } = fresh();
      const bad = new Set<string>(Array.from({ length: count }, () => randomUUID()));
      const isBad = ({ headers }: ReceivedWebhook) => bad.has(String(headers["waybill-order-id"]));
      receiver.behave(path, (_nth, webhook) => (isBad(webhook) ? { status: 500 } : {}));
      await network.register(tenant, receiver.url(path));
      await network.tell(...[...bad].map((order) => ({ tenant, order, sequence: 1 })));
      // Each of five orders failed, then three probes: a breaker that counted these would be open for 16 s.
      await until(() => receiver.at(path).length >= 8);
      const others = Array.from({ length: 20 }, () => randomUUID());
      await network.tell(...others.flatMap((order) => events(tenant, order, 2)));
      const good = () => receiver.at(path).filter((one) => !isBad(one));
      await until(() => good().length === 40, 8_000);
      expect(good().filter(({ headers }) => headers["waybill-attempt"] !== "1")).toEqual([]);
    },
  );

  it("gives its places to its other orders when their time has run out", async () => {
    const { path, tenant } = fresh();
    receiver.behave(path, (nth) => ({ hang: nth <= 4 }));
    await network.register(tenant, receiver.url(path));
    const orders = Array.from({ length: 8 }, () => randomUUID());
    await network.tell(...orders.map((order) => ({ tenant, order, sequence: 1 })));
    await until(() => receiver.at(path).length === 12);
    expect(new Set(receiver.at(path).map(({ headers }) => headers["waybill-order-id"])).size).toBe(8);
  });

  it("is told as a timeout, a refused connection as one that could not be made", async () => {
    const { path, tenant, order } = fresh();
    receiver.behave(path, (nth) => ({ hang: nth === 1 }));
    await network.register(tenant, receiver.url(path));
    await network.register(tenant, "http://127.0.0.1:9/closed");
    await network.tell({ tenant, order, sequence: 1 });
    const outcomes = await until(async () => {
      const found = await network.deliveries(order);
      if (found.length < 2 || found.some(({ status }) => status === "pending")) return null;
      const attempts = await Promise.all(found.map(({ _id }) => network.attempts(_id)));
      return attempts.map(([first]) => first!.outcome);
    });
    expect(outcomes.toSorted()).toEqual(["connect", "timeout"]);
  });
});

describe("Retry-After", () => {
  it("of a 429 is obeyed and costs no attempt", async () => {
    const { path, tenant, order } = fresh();
    receiver.behave(path, (nth) => (nth === 1 ? { status: 429, headers: { "retry-after": "1" } } : {}));
    await network.register(tenant, receiver.url(path));
    await network.tell({ tenant, order, sequence: 1 });
    const [first, second] = await until(() => receiver.at(path).length === 2 && receiver.at(path));
    expect(second!.atMs - first!.atMs).toBeGreaterThan(950);
    const [delivery] = await until(async () => {
      const found = await network.deliveries(order);
      return found[0]!.status === "delivered" ? found : null;
    });
    expect(delivery).toMatchObject({ attempts_count: 2, attempts_charged: 1 });
  });
});

describe("410", () => {
  it("disables the registration, which keeps what it has and what comes, and gets it in order once it is enabled", async () => {
    const { path, tenant, order } = fresh();
    receiver.behave(path, { status: 410 });
    const { id } = await network.register(tenant, receiver.url(path));
    await network.tell(...events(tenant, order, 2));
    const status = async () =>
      (await network.callbacks.listCallbacks({}, network.as(tenant))).data[0]!.status;
    await until(async () => (await status()) === "disabled");
    await network.tell({ tenant, order, sequence: 3 });
    await until(async () => (await network.deliveries(order)).length === 3);
    receiver.behave(path, {});
    expect(receiver.at(path)).toHaveLength(1);
    await network.enable(tenant, id);
    await until(() => receiver.at(path).length === 4);
    expect(receiver.at(path).map(({ headers }) => headers["waybill-sequence"])).toEqual(["1", "1", "2", "3"]);
    const delivered = await until(async () => {
      const found = await network.deliveries(order);
      return found.every((one) => one.status === "delivered") && found;
    });
    expect(delivered.map(({ attempts_count }) => attempts_count)).toEqual([2, 1, 1]);
    expect(delivered.map(({ attempts_charged }) => attempts_charged)).toEqual([1, 1, 1]);
  });
});
