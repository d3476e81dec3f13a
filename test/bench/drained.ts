import { randomUUID } from "node:crypto";
import { makeTopics } from "@waybill/consumer/make-topics.ts";
import { toOutboxRows, type OutboxRow } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { Kafka, logLevel, type Admin } from "kafkajs";
import type { MongoClient } from "mongodb";
import { followTopic } from "./topic.ts";
import { until } from "./until.ts";

const MARKS_TOPIC = "bench.marks";
/** The services that follow orders. */
const groups = ["callbacks", "line-items"];

/** Tells when everything that was committed has arrived. */
export interface Drain extends AsyncDisposable {
  /** How many messages the topic of orders has. */
  arrived: () => Promise<number>;
  /** Resolves once the events that are committed by now are on their topics; rejects after two minutes. */
  published: () => Promise<void>;
  /** Resolves once, besides, every service that follows orders has handled them. */
  followed: () => Promise<void>;
}

/** Tells it of the events of orders. */
export async function openDrain(kafkaBrokers: string, mongo: MongoClient): Promise<Drain> {
  await using opening = new AsyncDisposableStack();
  const kafka = new Kafka({ brokers: kafkaBrokers.split(","), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  opening.defer(() => admin.disconnect());
  await makeTopics(admin, [{ topic: MARKS_TOPIC, numPartitions: 1 }]);
  const marks = opening.use(await followTopic(kafka, MARKS_TOPIC));
  const outbox = mongo.db("orders").collection<Mark>("outbox");
  // A mark that is committed last is published last. Counts of rows and messages would not tell: a relay
  // that begins anew publishes some rows twice.
  const published = async () => {
    const mark = aMark();
    await outbox.insertOne(mark);
    let isThere = false;
    void marks.event(mark.key).then(() => (isThere = true));
    await until("the events were published", () => isThere);
  };
  const open = opening.move();
  return {
    arrived: async () => [...(await endsOf(admin)).values()].reduce((sum, offset) => sum + offset, 0),
    published,
    async followed() {
      await published();
      const ends = await endsOf(admin);
      await until("the services have followed the orders", async () => {
        const positions = await Promise.all(groups.map((id) => positionsOf(admin, id)));
        return positions.every((of) => [...ends].every(([partition, end]) => of.get(partition)! >= end));
      });
    },
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/** A row of the outbox that no service reads. */
type Mark = Omit<OutboxRow, "topic"> & { topic: string };

function aMark(): Mark {
  const source = {
    tenantId: "bench-marks",
    aggregateId: randomUUID(),
    lastSequence: 0,
    time: new Date().toISOString(),
    traceparent: "",
  };
  const [row] = toOutboxRows(source, [{ topic: topics.orders, type: "waybill.bench.mark.v1", data: {} }]);
  return { ...row!, topic: MARKS_TOPIC };
}

/** By partition: the offset behind its last message. */
async function endsOf(admin: Admin): Promise<Map<number, number>> {
  const partitions = await admin.fetchTopicOffsets(topics.orders);
  return new Map(partitions.map(({ partition, high }) => [partition, Number(high)]));
}

/** By partition: the offset that the group goes on at; 0 if it has read nothing. */
async function positionsOf(admin: Admin, groupId: string): Promise<Map<number, number>> {
  const [topic] = await admin.fetchOffsets({ groupId, topics: [topics.orders] });
  return new Map(topic!.partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
}
