import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import type { KafkaMessage, Message } from "kafkajs";
import { expect, test } from "vitest";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { topics } from "../src/topics.ts";
import {
  messagesOf,
  nameOf,
  namesUpTo,
  sequencesByKey,
  startTestConsumer,
  testTopic,
  text,
} from "./consumer-harness.ts";
import { GROUP } from "./consumer-names.ts";
import { until } from "./harness.ts";

const good = messagesOf("o1", 1, 1)[0]!;
const without = (name: string) => ({
  ...good,
  headers: Object.fromEntries(Object.entries(good.headers!).filter(([header]) => header !== name)),
});
const withHeader = (name: string, value: string) => ({
  ...good,
  headers: { ...good.headers, [name]: value },
});

const poison: [reason: string, message: Message][] = [
  ["the value is not JSON", { ...good, value: '{"city":' }],
  ["the value is not JSON", { ...good, value: Buffer.from([0x22, 0xff, 0x22]) }],
  ["the value is missing", { ...good, value: null }],
  ["the header ce_subject is missing", without("ce_subject")],
  ["the header ce_specversion is missing", { ...good, headers: {} }],
  ["the header ce_specversion has an unknown form", withHeader("ce_specversion", "2.0")],
  ["the header ce_id is missing", without("ce_id")],
  ["the header ce_type is missing", without("ce_type")],
  ["the version of waybill.order.shipped.v2 is unknown", withHeader("ce_type", "waybill.order.shipped.v2")],
  ["the header ce_tenantid is missing", without("ce_tenantid")],
  ["the header ce_sequence is missing", without("ce_sequence")],
  ["the header ce_sequence has an unknown form", withHeader("ce_sequence", "000000000000")],
  ["the header ce_sequence has an unknown form", withHeader("ce_sequence", "7.5")],
  ["the header ce_time has an unknown form", withHeader("ce_time", "2024-99-01T00:00:00Z")],
  ["the header ce_messagetype has an unknown form", withHeader("ce_messagetype", "__proto__")],
];

const headersOf = ({ headers }: KafkaMessage) =>
  Object.fromEntries(Object.entries(headers!).map(([name, value]) => [name, text(value)]));

test("messages that are no events become dead letters with their reason, the others flow", async () => {
  const topic = await testTopic();
  const seen: ConsumedEvent[] = [];
  const around = [...messagesOf("o2", 1, 2), ...poison.map(([, message]) => message)];
  await topic.send([...around, ...messagesOf("o2", 3, 4)].map((message) => ({ ...message, partition: 0 })));
  startTestConsumer(topic, async (events) => void seen.push(...events));
  await until(async () => (await topic.committed()) === 4 + poison.length);
  const letters = await topic.deadLetters();
  expect(letters.map((letter) => headersOf(letter)["dlt_reason"])).toEqual(poison.map(([reason]) => reason));
  expect(seen.map(nameOf)).toEqual(namesUpTo(["o2"], 4));
});

test("a dead letter is the message, with all of its headers and where it came from", async () => {
  const topic = await testTopic();
  const message = { ...withHeader("x-own", "kept"), value: "not JSON", partition: 1 };
  await topic.send([{ ...messagesOf("o2", 1, 1)[0]!, partition: 1 }, message]);
  startTestConsumer(topic, async () => undefined);
  await until(async () => (await topic.committed()) === 2);
  const [letter] = await topic.deadLetters();
  expect([text(letter!.key), text(letter!.value)]).toEqual(["o1", "not JSON"]);
  const { dlt_at: at, ...headers } = headersOf(letter!);
  expect(headers).toEqual({
    ...message.headers,
    dlt_reason: "the value is not JSON",
    dlt_error: "Undecodable",
    dlt_topic: topic.kafka.prefix + topics.orders,
    dlt_partition: "1",
    dlt_offset: "1",
    dlt_attempts: "0",
  });
  expect(Math.abs(Date.now() - Date.parse(at!))).toBeLessThan(30_000);
});

test("the one event that a handler cannot process is given up after bounded tries, the others flow", async () => {
  const topic = await testTopic();
  await topic.send(["o1", "o2", "o3"].flatMap((key) => messagesOf(key, 1, 10)));
  const seen: ConsumedEvent[] = [];
  let tries = 0;
  startTestConsumer(topic, async (events) => {
    if (events.some((event) => nameOf(event) === "o2 4")) {
      tries += 1;
      throw new DomainError("ORDER_NOT_FOUND", "the address of Jane Doe");
    }
    seen.push(...events);
  });
  await until(async () => (await topic.committed()) === 30);
  const letters = await topic.deadLetters();
  expect(letters.map((letter) => [text(letter.key), Number(letter.headers!["ce_sequence"])])).toEqual([
    ["o2", 4],
  ]);
  expect(headersOf(letters[0]!)).toMatchObject({
    dlt_reason: "the handler failed",
    dlt_error: "ORDER_NOT_FOUND",
    dlt_attempts: "4",
  });
  expect(JSON.stringify(headersOf(letters[0]!))).not.toContain("Jane");
  expect(tries).toBe(4);
  const ten = Array.from({ length: 10 }, (_, index) => index + 1);
  const o2 = ten.filter((sequence) => sequence !== 4);
  expect(sequencesByKey(seen)).toEqual({ o1: ten, o2, o3: ten });
});

test("an event that alone meets a dependency that is down waits, though the batch before failed for good", async () => {
  const topic = await testTopic();
  await topic.send(messagesOf("o1", 1, 2).map((message) => ({ ...message, partition: 0 })));
  const down = new Error("down");
  const seen: string[] = [];
  let refused = 0;
  const handle = async (events: ConsumedEvent[]) => {
    if (events.length > 1) throw new Error("this batch never works");
    refused += 1;
    if (refused < 10) throw down;
    if (refused < 20) throw unavailable("another service does not answer");
    seen.push(...events.map(nameOf));
  };
  startTestConsumer(topic, handle, { unavailable: (error) => error === down });
  await until(async () => (await topic.committed()) === 2);
  expect(seen).toEqual(["o1 1", "o1 2"]);
  expect(await topic.deadLetters()).toEqual([]);
});

test("two groups have their own offsets and their own dead letters", async () => {
  const topic = await testTopic();
  await topic.send(messagesOf("o1", 1, 3));
  const seen: ConsumedEvent[] = [];
  startTestConsumer(topic, async (events) => void seen.push(...events), { group: "other" });
  const refuse = async () => {
    throw new Error("never");
  };
  startTestConsumer(topic, refuse, { group: GROUP });
  await until(async () => (await topic.committed()) === 3 && seen.length === 3);
  expect((await topic.deadLetters()).map((letter) => Number(letter.headers!["ce_sequence"]))).toEqual([
    1, 2, 3,
  ]);
});
