import { Kafka, logLevel } from "kafkajs";
import { expect, onTestFinished, test } from "vitest";
import { MESSAGE_BYTES_MAX } from "@waybill/consumer/make-topics.ts";
import { ensureTopics, topics } from "../src/topics.ts";
import { testTopics } from "./harness.ts";

const names = Object.values(topics);

async function connectAdmin(brokers: string[]) {
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  return admin;
}

test("several processes at once make each topic once, with the partitions that were asked for", async () => {
  const config = testTopics();
  const admins = await Promise.all([1, 2, 3, 4].map(() => connectAdmin(config.brokers)));
  await Promise.all(admins.map((admin) => ensureTopics(admin, names, config)));
  const { topics: made } = await admins[0]!.fetchTopicMetadata({
    topics: names.map((name) => config.prefix + name),
  });
  expect(made.map(({ name }) => name.slice(config.prefix.length)).toSorted()).toEqual(names.toSorted());
  expect(made.map(({ partitions }) => partitions.length)).toEqual(names.map(() => 3));
});

test("topics that are there are left as they are, and the missing ones made", async () => {
  const config = testTopics();
  const admin = await connectAdmin(config.brokers);
  await ensureTopics(admin, [topics.orders], { ...config, partitions: 1 });
  await ensureTopics(admin, names, config);
  const { topics: made } = await admin.fetchTopicMetadata({
    topics: names.map((name) => config.prefix + name),
  });
  const partitions = new Map(
    made.map((topic) => [topic.name.slice(config.prefix.length), topic.partitions.length]),
  );
  expect(names.map((name) => partitions.get(name))).toEqual(
    names.map((name) => (name === topics.orders ? 1 : 3)),
  );
});

test("a topic takes the relay's largest batch and keeps it for 30 days", async () => {
  const config = testTopics();
  const admin = await connectAdmin(config.brokers);
  await ensureTopics(admin, [topics.orders], config);
  const wanted = ["max.message.bytes", "retention.ms", "min.insync.replicas"];
  const resource = { type: 2, name: config.prefix + topics.orders, configNames: wanted };
  const { resources } = await admin.describeConfigs({ resources: [resource], includeSynonyms: false });
  const values = Object.fromEntries(
    resources[0]!.configEntries.map(({ configName, configValue }) => [configName, configValue]),
  );
  expect(values).toEqual({
    "max.message.bytes": String(MESSAGE_BYTES_MAX),
    "retention.ms": "2592000000",
    "min.insync.replicas": "1",
  });
});
