import { setTimeout as delay } from "node:timers/promises";
import { topics } from "@waybill/events/topics.ts";
import { Kafka, logLevel, type Admin } from "kafkajs";
import type { MongoClient } from "mongodb";

const POLL_MS = 20;
const DRAIN_MS_MAX = 120_000;
/** The services that follow orders. */
const groups = ["callbacks", "line-items"];

/** Tells when everything that was committed has arrived. */
export interface Drain extends AsyncDisposable {
  /** Resolves once the events of all orders are on the topic; rejects after two minutes. */
  published: () => Promise<void>;
  /** Resolves once, besides, every service that follows orders has handled them. */
  followed: () => Promise<void>;
}

export async function openDrain(kafkaBrokers: string, mongo: MongoClient): Promise<Drain> {
  const kafka = new Kafka({ brokers: kafkaBrokers.split(","), logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const outbox = mongo.db("orders").collection("outbox");
  const published = async () => {
    const rows = await outbox.countDocuments({ topic: topics.orders });
    await until(async () => (await endOf(admin)) >= rows);
  };
  return {
    published,
    async followed() {
      await published();
      const end = await endOf(admin);
      await until(async () =>
        (await Promise.all(groups.map((id) => positionOf(admin, id)))).every((at) => at >= end),
      );
    },
    [Symbol.asyncDispose]: () => admin.disconnect(),
  };
}

async function endOf(admin: Admin): Promise<number> {
  return sum((await admin.fetchTopicOffsets(topics.orders)).map(({ high }) => high));
}

async function positionOf(admin: Admin, groupId: string): Promise<number> {
  const [topic] = await admin.fetchOffsets({ groupId, topics: [topics.orders] });
  return sum(topic!.partitions.map(({ offset }) => offset));
}

function sum(offsets: readonly string[]): number {
  return offsets.reduce((total, offset) => total + Math.max(0, Number(offset)), 0);
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const endMs = performance.now() + DRAIN_MS_MAX; !(await isSo()); await delay(POLL_MS))
    if (performance.now() > endMs) throw new Error("the events did not arrive");
}
