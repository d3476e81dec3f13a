import { expect, test } from "vitest";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { messagesOf, nameOf, namesUpTo, startTestConsumer, testTopic } from "./consumer-harness.ts";
import { until } from "./harness.ts";

const inPartition = (partition: number) =>
  messagesOf(`o${partition}`, 1, 5).map((m) => ({ ...m, partition }));
const everywhere = [0, 1, 2].flatMap(inPartition);

test("a call in work when another member joins is finished and committed, and does not come again", async () => {
  const topic = await testTopic();
  await topic.send(everywhere);
  const gate = Promise.withResolvers<void>();
  const handled: string[] = [];
  const slow = async (events: ConsumedEvent[]) => {
    handled.push(...events.map(nameOf));
    await gate.promise;
  };
  startTestConsumer(topic, slow);
  await until(() => handled.length === 15);
  startTestConsumer(topic, async (events) => void handled.push(...events.map(nameOf)));
  // The group waits for the call.
  await until(async () => (await topic.groupState()) === "PreparingRebalance");
  gate.resolve();
  await until(async () => (await topic.committed()) === 15);
  await until(async () => (await topic.groupState()) === "Stable");
  await topic.send(messagesOf("o9", 1, 1));
  await until(() => handled.includes("o9 1"));
  expect(handled.toSorted()).toEqual([...namesUpTo(["o0", "o1", "o2"], 5), "o9 1"]);
});

test("a member whose batch waits for a dependency lets others join at once", async () => {
  const topic = await testTopic();
  await topic.send(everywhere);
  let refused = 0;
  const refuse = async () => {
    refused += 1;
    throw new Error("down");
  };
  startTestConsumer(topic, refuse, { unavailable: () => true, limits: { retryMsMax: 60_000, retryMs: 500 } });
  await until(() => refused >= 9);
  const joiningAt = performance.now();
  const seen: ConsumedEvent[] = [];
  startTestConsumer(topic, async (events) => void seen.push(...events));
  await until(() => seen.length > 0);
  expect(performance.now() - joiningAt).toBeLessThan(6_000);
});

test("a call that hangs is given up, and its events come again", async () => {
  const topic = await testTopic();
  await topic.send(messagesOf("o1", 1, 3));
  const calls: string[][] = [];
  const hangOnce = (events: ConsumedEvent[]) => {
    calls.push(events.map(nameOf));
    return calls.length === 1 ? new Promise<void>(() => undefined) : Promise.resolve();
  };
  startTestConsumer(topic, hangOnce, { limits: { handleMs: 200, silentMs: 8_000, stopMs: 500 } });
  await until(async () => (await topic.committed()) === 3, 25_000);
  expect(calls).toEqual([namesUpTo(["o1"], 3), namesUpTo(["o1"], 3)]);
});
