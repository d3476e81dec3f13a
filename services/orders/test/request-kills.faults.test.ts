import { randomUUID } from "node:crypto";
import { createLog } from "@waybill/process/log.ts";
import { LineItemServiceService } from "@waybill/proto/line_items/v1/line_items.ts";
import { OrderRequestServiceService } from "@waybill/proto/orders/v1/order_requests.ts";
import type { RecordResult } from "@waybill/proto/batch/v1/batch.ts";
import { openChannel, peer } from "@waybill/rpc/client.ts";
import { implement, type Handlers } from "@waybill/rpc/handlers.ts";
import { startServer, type RpcServer } from "@waybill/rpc/server.ts";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { TestNetwork } from "../../../test/network.ts";
import type { Status } from "../src/legality.ts";
import type { RequestKind } from "../src/request.ts";
import {
  expectReallocated,
  expectResolved,
  killed,
  lineItemsEnv,
  openCase,
  openKillNetwork,
  ordersEnv,
  startProcess,
  stop,
  TENANT,
  untilResolved,
  type Case,
  type Commit,
  type ServiceProcess,
} from "./kills.ts";
import { startReader, type Seen } from "./reader.ts";

let network: TestNetwork;
let sound: RpcServer;
beforeAll(async () => {
  network = await openKillNetwork();
  sound = await standIn(null, () => undefined);
});
afterAll(async () => {
  await sound[Symbol.asyncDispose]();
  await network[Symbol.asyncDispose]();
});

type LineItems = Handlers<null, typeof LineItemServiceService>;

/** The network's line-items service behind another port; `killed` is told after these calls, which get no answer. */
async function standIn(deadly: keyof LineItems | null, kill: () => void): Promise<RpcServer> {
  const names = Object.keys(LineItemServiceService) as (keyof LineItems)[];
  const forwarding = names.map((name) => {
    const forward = async (_: null, request: never) => {
      const answer = await network.lineItems[name](request, network.as(TENANT));
      if (name !== deadly) return answer;
      kill();
      return new Promise(() => undefined);
    };
    return [name, forward] as const;
  });
  const handlers = Object.fromEntries(forwarding) as unknown as LineItems;
  return startServer({
    host: "127.0.0.1",
    port: 0,
    log: createLog("test", "silent"),
    translate: () => null,
    implementations: [implement(LineItemServiceService, handlers, null)],
  });
}

/** Where the process is killed: at a commit of its own, or when line-items has done a call. */
type Kill = { commit: Commit } | { call: keyof LineItems };

/** Has a request decided by a process that is killed there, and by one that comes after it. */
async function decideUnder(kill: Kill, kind: RequestKind, status: Status) {
  const one = await openCase(network, kind, status);
  const read = startReader(network, one);
  try {
    const [id] = await one.on.ask(kind, one.order, [one.record]);
    let doomed: ServiceProcess | null = null;
    await using deadly = await standIn("call" in kill ? kill.call : null, () =>
      doomed?.process.kill("SIGKILL"),
    );
    const env = ordersEnv(one.database, deadly.port);
    doomed = await startProcess("orders", env, "commit" in kill ? kill.commit : null);
    await killed(doomed);
    const left = await one.on.request(id!);
    await finish(one);
    return { one, left: left.status, seen: await read() };
  } finally {
    await read();
  }
}

/** Has a process come that nobody kills, until the request is resolved and the stock has followed. */
async function finish(one: Case, work: (next: ServiceProcess) => Promise<unknown> = async () => undefined) {
  const next = await startProcess("orders", ordersEnv(one.database, sound.port));
  await work(next);
  await untilResolved(one);
  if (one.kind === "cancel") {
    const follower = await startProcess("line-items", lineItemsEnv(network, one.database));
    await expectReallocated(network, one, 0);
    await stop(follower);
  }
  await stop(next);
}

const updates: [string, Kill, "pending" | "success"][] = [
  ["before the lock commits", { commit: ["before", 1] }, "pending"],
  ["once the lock has committed", { commit: ["after", 1] }, "pending"],
  ["once line-items has replaced the lines", { call: "replaceLines" }, "pending"],
  ["before the update commits", { commit: ["before", 2] }, "pending"],
  ["once the update has committed, before Kafka knows", { commit: ["after", 2] }, "success"],
];
const cancels: [string, Kill, "pending" | "success"][] = [
  ["before the cancel commits", { commit: ["before", 1] }, "pending"],
  ["once the cancel has committed, before Kafka knows", { commit: ["after", 1] }, "success"],
];
const statuses = ["open", "atWarehouse", "inProcess"] as const;
const everywhere = <Row extends unknown[]>(rows: Row[]) =>
  statuses.flatMap((status) => rows.map((row) => [status, ...row] as const));

describe("kill -9 of the orders service", { timeout: 240_000 }, () => {
  it.concurrent.each(everywhere(updates))(
    "leaves an update of an order %s that is resolved once, with fields, lines, counts and stock as one: %s",
    async (status, _when, kill, left) => {
      const after = await decideUnder(kill, "update", status);
      expect(after.left).toBe(left);
      await expectResolved(after.one);
      await expectReallocated(network, after.one, 3);
      expectOfOneMoment(after.seen);
      const isHalfDone = "call" in kill || kill.commit[0] === (kill.commit[1] === 1 ? "after" : "before");
      if (isHalfDone) expect(after.seen.map(({ substatus }) => substatus)).toContain("updating");
    },
  );

  it.concurrent.each([
    ["open", "once line-items has sealed the lines", { call: "sealLines" }, "pending"] as const,
    ...everywhere(cancels),
  ])(
    "leaves a cancel of an order %s that is resolved once, with every unit canceled and its stock free: %s",
    async (status, _when, kill, left) => {
      const { one, ...after } = await decideUnder(kill, "cancel", status);
      expect(after.left).toBe(left);
      await expectResolved(one);
    },
  );
});

/** What readers see that is not said to be updating is all old or all new, and in the end new. */
function expectOfOneMoment(seen: readonly Seen[]): void {
  const mixed = seen.filter(
    ({ substatus, priority, units }) =>
      substatus !== "updating" && `${priority} ${units}` !== "100 2" && `${priority} ${units}` !== "7 3",
  );
  expect(mixed).toEqual([]);
  for (const view of ["get", "list", "summary"]) {
    const last = seen.findLast((one) => one.view === view);
    expect(last).toEqual({ view, substatus: null, priority: 7, units: 3 });
    expect(seen.find((one) => one.view === view)).toMatchObject({ priority: 100, units: 2 });
  }
}

const CALL_MS = 2_000;

describe("kill -9 of the orders service while it is asked", { timeout: 240_000 }, () => {
  const cases = (["update", "cancel"] as const).flatMap((kind) =>
    (["before", "after"] as const).map((when) => [kind, when] as const),
  );
  it.concurrent.each(cases)(
    "(%s), %s its commit, leaves no request or one, and the repeat makes one of it, resolved once",
    async (kind, when) => {
      const one = await openCase(network, kind, "atWarehouse");
      const ask = asker(one);
      const doomed = await startProcess("orders", ordersEnv(one.database, sound.port), [when, 1]);
      const death = killed(doomed);
      await vi.waitUntil(async () => (await ask(doomed)) ?? doomed.process.signalCode, { timeout: 60_000 });
      await death;
      const stored = () => one.on.context.requests.collection.countDocuments({ order_id: one.order._id });
      expect(await stored()).toBe(when === "before" ? 0 : 1);
      await finish(one, async (next) => {
        const result = await vi.waitUntil(() => ask(next), { timeout: 60_000, interval: 200 });
        expect(result).toMatchObject({ status: "success", customer_identifier: "killed" });
      });
      expect(await stored()).toBe(1);
      await expectResolved(one);
    },
  );
});

/** The same request to a process, however often: an update by its key, a cancel by its id; null if nobody answered. */
function asker({ kind, record }: Case): (process: ServiceProcess) => Promise<RecordResult | null> {
  const idempotencyKey = randomUUID();
  const cancel = { customer_identifier: "killed", order_cancel_request_id: randomUUID() };
  return async ({ port }) => {
    using channel = openChannel("orders", `127.0.0.1:${port}`);
    const requests = peer(channel, OrderRequestServiceService);
    const keyed = { idempotencyKey, onReplay: () => undefined };
    const call = { ...network.as(TENANT), deadline: Date.now() + CALL_MS };
    const answer =
      kind === "update"
        ? requests.createOrderUpdateRequests({ requests: [record!] }, { ...call, keyed })
        : requests.createOrderCancelRequests({ requests: [cancel] }, call);
    return await answer.then(({ results }) => results[0]!).catch(() => null);
  };
}
