import { setTimeout as delay } from "node:timers/promises";
import { Waybill } from "@waybill/client";
import type { ServiceName } from "@waybill/dev-env/system.ts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startReceiver, type Receiver } from "../../services/callbacks/test/receiver.ts";
import {
  expectEvents,
  expectOrders,
  expectWebhooks,
  prepareJourneys,
  sendJourneys,
  type Journey,
} from "./journeys.ts";
import { startPairs, type Instance, type LogLine, type Pairs } from "./pairs.ts";

const CALM_MS = 6_000;
const KILLS_MS = 12_000;
/** So many that each of two instances sends to one, but for one run in thirty thousand. */
const REGISTRATIONS = 16;
/** Half of the relay's slots, and of those by which registrations are shared. */
const FAIR_SHARE = 8;
const SETTLED_WITHIN_MS = 30_000;
const paths = Array.from({ length: REGISTRATIONS }, (_, nth) => `/${nth}`);

/** What an instance logs when it does its part. */
const parts: Record<ServiceName, string[]> = {
  gateway: ["http.request"],
  orders: ["rpc.call", "relay.published"],
  "line-items": ["rpc.call", "relay.published"],
  groupings: ["rpc.call", "relay.published"],
  callbacks: ["rpc.call", "relay.published", "delivery.attempted"],
};

let pairs: Pairs;
let receiver: Receiver;
let client: Waybill;
const journeys: Journey[] = [];
beforeAll(async () => {
  pairs = await startPairs();
  receiver = await startReceiver();
  // A call whose process was killed is in work for 15 seconds: longer than the default retries last.
  client = new Waybill({ url: pairs.url, key: pairs.key, retries: 40 });
  await prepareJourneys(client, receiver, paths);
});
afterAll(async () => {
  await pairs[Symbol.asyncDispose]();
  await receiver[Symbol.asyncDispose]();
});

describe("two instances of every service", () => {
  it("share the work, and nothing is done twice", async () => {
    await expect
      .poll(() => pairs.instances.filter(hasNoFairShare), { timeout: SETTLED_WITHIN_MS })
      .toEqual([]);
    const before = new Map(pairs.instances.map((instance) => [instance, instance.said().length]));
    journeys.push(...(await sendJourneys(client, "calm", AbortSignal.timeout(CALM_MS))));
    await expectAll();
    // Not even a repeat, which is allowed: nothing has failed.
    for (const path of paths) expect(idsAt(path)).toHaveLength(new Set(idsAt(path)).size);
    const idle = pairs.instances.flatMap((instance) => {
      const said = new Set(
        instance
          .said()
          .slice(before.get(instance))
          .map(({ msg }) => msg),
      );
      return parts[instance.service]
        .filter((part) => !said.has(part))
        .map((part) => [instance.service, part]);
    });
    expect(idle).toEqual([]);
    expect(pairs.ends).toEqual([]);
  });

  it("lose nothing when one of each is killed with -9 while orders come in", async () => {
    const sending = sendJourneys(client, "kills", AbortSignal.timeout(KILLS_MS));
    await delay(KILLS_MS / 4);
    const doomed = pairs.instances.filter((_, index) => index % 2 === 0);
    for (const { process } of doomed) process.kill();
    journeys.push(...(await sending));
    await expectAll();
    expect(pairs.ends).toHaveLength(doomed.length);
    process.stdout.write(`${journeys.length} orders, a third of them canceled\n`);
  });
});

async function expectAll(): Promise<void> {
  expect(journeys.length).toBeGreaterThan(10);
  await expectOrders(client, journeys);
  await expectEvents(pairs, journeys);
  await expectWebhooks(receiver, paths, journeys);
}

const idsAt = (path: string) => receiver.at(path).map(({ headers }) => headers["webhook-id"]);

/** Whether an instance has not yet its half of the slots, or no partition of a topic that its service reads. */
function hasNoFairShare({ service, said }: Instance): boolean {
  if (service === "gateway") return false;
  const lines = said();
  const shares = [lines.findLast(({ msg }) => msg === "relay.slots_held")];
  if (service === "callbacks") shares.push(lines.findLast(({ msg }) => msg === "ownership.slots_held"));
  const joins = Object.values(Object.groupBy(lines.filter(isJoin), ({ group }) => String(group)));
  const partitions = joins.map((of) => (of!.at(-1)!["partitions"] as number[]).length);
  const isFair = shares.every((line) => (line?.["slots"] as number[] | undefined)?.length === FAIR_SHARE);
  return !isFair || partitions.length === 0 || partitions.includes(0);
}

const isJoin = ({ msg }: LogLine) => msg === "consumer.joined";
