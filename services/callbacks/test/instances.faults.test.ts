import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
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

const orders = (count: number) => Array.from({ length: count }, () => randomUUID());
const told = (tenant: string, ids: readonly string[], count: number) =>
  Array.from({ length: count }, (_, index) =>
    ids.map((order) => ({ tenant, order, sequence: index + 1 })),
  ).flat();

/** For each order: its sequences as they arrived, and whether one came before the last was answered. */
function lanesAt(path: string) {
  const lanes = Map.groupBy(receiver.at(path), ({ headers }) => headers["waybill-order-id"]).values();
  return [...lanes].map((members) => ({
    sequences: members.map(({ headers }) => Number(headers["waybill-sequence"])),
    overlaps: members.slice(1).filter(({ atMs }, index) => atMs < members[index]!.endedMs!).length,
  }));
}

describe("two instances", () => {
  it("share the work: every webhook once, in order, one at a time in each lane", async () => {
    network = await startTestCallbacks();
    const [tenant, path, ids] = [newTenant(), `/${randomUUID()}`, orders(30)];
    receiver.behave(path, () => ({ delayMs: Math.random() * 30 }));
    await network.register(tenant, receiver.url(path));
    await using other = await network.startInstance();
    expect(other).toBeDefined();
    await network.tell(...told(tenant, ids, 4));
    await until(() => receiver.at(path).length >= 120, 25_000);
    await until(async () => (await network!.lanes()).length === 0);
    expect(lanesAt(path)).toEqual(ids.map(() => ({ sequences: [1, 2, 3, 4], overlaps: 0 })));
  });
});

describe("an instance that is killed", () => {
  it(
    "leaves its lanes to the others once the lease has run out; nothing is lost, order is kept",
    { timeout: 60_000 },
    async () => {
      network = await startTestCallbacks({ ATTEMPT_MS_MAX: "1000" }, 0);
      const doomed = await network.startProcess();
      const [tenant, path, ids] = [newTenant(), `/${randomUUID()}`, orders(4)];
      receiver.behave(path, { hang: true });
      await network.register(tenant, receiver.url(path));
      await network.tell(...told(tenant, ids, 3));
      await until(() => receiver.at(path).length === 4);
      await doomed.kill();
      receiver.behave(path, {});
      await using heir = await network.startInstance();
      expect(heir).toBeDefined();
      await until(() => receiver.at(path).length === 4 + 12, 40_000);
      for (const { sequences } of lanesAt(path)) expect(sequences).toEqual([1, 1, 2, 3]);
      const ofFirst = receiver.at(path).filter(({ headers }) => headers["waybill-sequence"] === "1");
      for (const members of Map.groupBy(ofFirst, ({ headers }) => headers["webhook-id"]).values())
        expect(new Set(members.map(({ body }) => body)).size).toBe(1);
    },
  );
});
