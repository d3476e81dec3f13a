import type { Admin } from "kafkajs";
import { probed, type Check } from "./check.ts";
import { isLocal } from "./connection.ts";
import { brokersOf, connectKafka, installKafka, type KafkaOptions } from "./kafka.ts";

/** What each service reads, by the name of its group. */
const groups = {
  callbacks: "waybill.orders.v1",
  "line-items": "waybill.orders.v1",
  groupings: "waybill.line-items.v1",
  orders: "waybill.order-requests.v1",
  "orders-stock": "waybill.line-items.v1",
} as const;

/** A backlog that a service works off within seconds. */
const LAG_DOUBTFUL = 5_000;

/** What can be seen at Kafka: the topics, how far the services have read them, what they gave up. */
export async function checkTopics(options: KafkaOptions): Promise<Check[]> {
  const brokers = brokersOf(options);
  const fix = "set KAFKA_BROKERS, or give --brokers";
  if (brokers === null) return [{ name: "kafka", state: "skipped", detail: "where it is was not said", fix }];
  return probed("kafka", `is Kafka at ${brokers}? KAFKA_BROKERS or --brokers names another`, async () => {
    const kafka = await connectKafka(brokers);
    if (kafka === null)
      return [{ name: "kafka", state: "skipped", detail: "kafkajs is not installed", fix: installKafka }];
    const admin = kafka.admin();
    await admin.connect();
    try {
      return await checkAll(admin, options);
    } finally {
      await admin.disconnect();
    }
  });
}

async function checkAll(admin: Admin, options: KafkaOptions): Promise<Check[]> {
  const topics = (await admin.listTopics()).filter((name) => name.startsWith(`${options.prefix}waybill.`));
  const letters = topics.filter((name) => name.endsWith(".dlq"));
  return [
    await checkCluster(admin, topics, options),
    ...(await Promise.all(Object.entries(groups).map((group) => checkGroup(admin, group, topics, options)))),
    await checkLetters(admin, letters),
  ];
}

async function checkCluster(admin: Admin, topics: readonly string[], { url }: KafkaOptions): Promise<Check> {
  const { brokers } = await admin.describeCluster();
  const fix = "the services make them when they start: are they running, and is --prefix right?";
  if (topics.length === 0)
    return { name: "kafka", state: "fail", detail: "it has none of Waybill's topics", fix };
  const { topics: described } = await admin.fetchTopicMetadata({ topics: [...topics] });
  const replicas = Math.min(
    ...described.flatMap(({ partitions }) => partitions.map((one) => one.replicas.length)),
  );
  const detail = `${brokers.length} brokers, ${topics.length} topics, ${replicas} replicas`;
  if (replicas > 1 || isLocal(url)) return { name: "kafka", state: "ok", detail };
  return {
    name: "kafka",
    state: "warn",
    detail,
    fix: "one lost disk loses events: TOPIC_REPLICAS=3 before topics are made",
  };
}

async function checkGroup(
  admin: Admin,
  [group, topic]: [string, string],
  topics: readonly string[],
  { prefix }: KafkaOptions,
): Promise<Check> {
  const name = `reader ${group}`;
  const fix = "is its service running? its log says whether it is interrupted";
  if (!topics.includes(prefix + topic))
    return { name, state: "fail", detail: `${prefix}${topic} is not there`, fix };
  const { groups: described } = await admin.describeGroups([prefix + group]);
  const members = described[0]?.members.length ?? 0;
  const lag = await lagOf(admin, prefix + group, prefix + topic);
  if (members === 0) return { name, state: "fail", detail: `nobody reads ${topic}; ${lag} events wait`, fix };
  const detail = `${members} members, ${lag} events behind in ${topic}`;
  return {
    name,
    state: lag > LAG_DOUBTFUL ? "warn" : "ok",
    detail,
    fix: "run it again: does the number fall? else start more instances",
  };
}

async function lagOf(admin: Admin, groupId: string, topic: string): Promise<number> {
  const [ends, committed] = await Promise.all([
    admin.fetchTopicOffsets(topic),
    admin.fetchOffsets({ groupId, topics: [topic] }),
  ]);
  const offsets = new Map(
    committed[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]),
  );
  return ends.reduce((sum, { partition, low, high }) => {
    // Without a committed offset a reader begins with the oldest event.
    const at = Math.max(offsets.get(partition) ?? -1, Number(low));
    return sum + Math.max(0, Number(high) - at);
  }, 0);
}

async function checkLetters(admin: Admin, topics: readonly string[]): Promise<Check> {
  const counts = await Promise.all(
    topics.map(async (topic) => [topic, await lettersIn(admin, topic)] as const),
  );
  const full = counts.filter(([, count]) => count > 0);
  if (full.length === 0) return { name: "dead letters", state: "ok", detail: "none" };
  const detail = full.map(([topic, count]) => `${count} in ${topic}`).join(", ");
  const fix = `waybill events tail --from-beginning --topic ${full[0]![0]} tells why each was given up`;
  return { name: "dead letters", state: "warn", detail, fix };
}

async function lettersIn(admin: Admin, topic: string): Promise<number> {
  const offsets = await admin.fetchTopicOffsets(topic);
  return offsets.reduce((sum, { low, high }) => sum + Number(high) - Number(low), 0);
}
