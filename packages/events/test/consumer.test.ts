import { expect, test } from "vitest";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { eachKey } from "@waybill/consumer/keys.ts";
import {
  messagesOf,
  nameOf,
  namesUpTo,
  rememberingLog,
  sequencesByKey,
  startTestConsumer,
  testTopic,
} from "./consumer-harness.ts";
import { until } from "./harness.ts";

const keys = ["o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8"];
const all = (count: number) => keys.flatMap((key) => messagesOf(key, 1, count));
const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const inOrder = (count: number) => Object.fromEntries(keys.map((key) => [key, oneTo(count)]));

test("a new group gets every event, each key's in its order, in calls of bounded size", async () => {
  const topic = await testTopic();
  await topic.send(all(100));
  const sizes: number[] = [];
  const seen: ConsumedEvent[] = [];
  const handle = async (events: ConsumedEvent[]) => {
    sizes.push(events.length);
    seen.push(...events);
  };
  startTestConsumer(topic, handle, { limits: { events: 50 } });
  await until(async () => (await topic.committed()) === 800);
  expect(seen).toHaveLength(800);
  expect(sequencesByKey(seen)).toEqual(inOrder(100));
  expect(Math.max(...sizes)).toBe(50);
});

test("an event arrives as it was written", async () => {
  const topic = await testTopic();
  const [message] = messagesOf("o1", 3, 3);
  await topic.send([message!]);
  const seen: ConsumedEvent[] = [];
  startTestConsumer(topic, async (events) => void seen.push(...events));
  await until(() => seen.length === 1);
  expect(seen[0]).toEqual({
    id: message!.headers!["ce_id"],
    type: "waybill.thing.changed.v1",
    tenantId: "t1",
    aggregateId: "o1",
    sequence: 3,
    time: message!.headers!["ce_time"],
    messageType: null,
    traceparent: message!.headers!["traceparent"],
    data: message!.value,
  });
});

test("events of one key are worked on in order, those of others at the same time", async () => {
  const topic = await testTopic();
  const first = ["o1", "o2", "o3"].flatMap((key) => messagesOf(key, 1, 3));
  await topic.send(first.map((message) => ({ ...message, partition: 0 })));
  const began: string[] = [];
  const gate = Promise.withResolvers<void>();
  startTestConsumer(topic, (events) =>
    eachKey(events, 10, async (event) => {
      began.push(nameOf(event));
      await gate.promise;
    }),
  );
  await until(() => began.length === 3);
  expect(began.toSorted()).toEqual(["o1 1", "o2 1", "o3 1"]);
  gate.resolve();
  await until(async () => (await topic.committed()) === 9);
  const seen = began.map((name) => name.split(" "));
  expect(seen.filter(([key]) => key === "o2").map(([, sequence]) => sequence)).toEqual(["1", "2", "3"]);
  expect(began.toSorted()).toEqual(namesUpTo(["o1", "o2", "o3"], 3));
});

test("a failed call is repeated with the same events, and nothing is committed before it succeeds", async () => {
  const topic = await testTopic();
  await topic.send(messagesOf("o1", 1, 5));
  const calls: string[][] = [];
  const committedBefore: number[] = [];
  startTestConsumer(topic, async (events) => {
    calls.push(events.map(nameOf));
    committedBefore.push(await topic.committed());
    if (calls.length < 3) throw new Error("not this time");
  });
  await until(async () => (await topic.committed()) === 5);
  expect(calls).toEqual([calls[0], calls[0], calls[0]]);
  expect(calls[0]).toEqual(namesUpTo(["o1"], 5));
  expect(committedBefore).toEqual([0, 0, 0]);
  expect(await topic.deadLetters()).toEqual([]);
});

test("while a dependency is down the batch waits and nothing is given up; then it goes on by itself", async () => {
  const topic = await testTopic();
  await topic.send(all(5).map((message) => ({ ...message, partition: 0 })));
  const { log, said } = rememberingLog();
  const down = new Error("the database does not answer");
  let available = false;
  let refused = 0;
  const seen: ConsumedEvent[] = [];
  const handle = async (events: ConsumedEvent[]) => {
    if (!available) {
      refused += 1;
      throw down;
    }
    seen.push(...events);
  };
  const consumer = startTestConsumer(topic, handle, { unavailable: (error) => error === down, log });
  const since = performance.now();
  // Many times what a batch is tried otherwise, and longer than the group's session of 6 s.
  await until(() => refused > 50 && performance.now() - since > 8_000, 20_000);
  expect([await topic.committed(), consumer.healthy()]).toEqual([0, true]);
  available = true;
  await until(async () => (await topic.committed()) === 40);
  expect(sequencesByKey(seen)).toEqual(inOrder(5));
  expect(await topic.deadLetters()).toEqual([]);
  expect(said.filter((line) => line !== "kafka.client")).toEqual([
    "consumer.joined",
    "consumer.waiting",
    "consumer.resumed",
  ]);
});

test("disposing lets the call in work finish, commits it, and begins no other", async () => {
  const topic = await testTopic();
  await topic.send(messagesOf("o1", 1, 20));
  const began = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  let calls = 0;
  const handle = async () => {
    calls += 1;
    began.resolve();
    await gate.promise;
  };
  const consumer = startTestConsumer(topic, handle, { limits: { events: 5 } });
  await began.promise;
  const disposed = consumer[Symbol.asyncDispose]();
  gate.resolve();
  await disposed;
  expect([calls, await topic.committed()]).toEqual([1, 5]);
});

test("disposing ends the wait for a dependency, and the next member begins where it stopped", async () => {
  const topic = await testTopic();
  await topic.send(messagesOf("o1", 1, 3));
  let refused = 0;
  const refuse = async () => {
    refused += 1;
    throw new Error("down");
  };
  const waiting = startTestConsumer(topic, refuse, {
    unavailable: () => true,
    limits: { retryMsMax: 60_000 },
  });
  await until(() => refused > 2);
  await waiting[Symbol.asyncDispose]();
  const seen: ConsumedEvent[] = [];
  startTestConsumer(topic, async (events) => void seen.push(...events));
  await until(() => seen.length === 3);
  expect(seen.map(nameOf)).toEqual(namesUpTo(["o1"], 3));
});
