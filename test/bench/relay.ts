import { randomUUID } from "node:crypto";
import { makeTopics } from "@waybill/consumer/make-topics.ts";
import { toMessage } from "@waybill/events/cloud-event.ts";
import { toOutboxRows, type OutboxRow } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { CompressionTypes, Kafka, logLevel, type Producer } from "kafkajs";
import type { Collection, MongoClient } from "mongodb";
import { arrivalRate, samplesDuring } from "./arrivals.ts";
import { byRounds, type BenchContext } from "./bench.ts";
import { openDrain, type Drain } from "./drained.ts";
import { openLoop, percentile } from "./load.ts";
import { anOrder, ordersBody } from "./records.ts";
import { releaseRelays, skipBacklog, stopRelays } from "./relays.ts";
import { openStage, TENANT } from "./stage.ts";
import { followTopic } from "./topic.ts";

const EVENTS = 20_000;
const EVENTS_SHORT = 5_000;
const CHUNK = 1_000;
const RELAY_MIN = 0.3;
const RATE = 200;
const WARM_MS = 2_000;
const LOOP_TOPIC = "bench.loop";

/** The outbox's way to Kafka: events a second out of a backlog, and how long one takes to a consumer. */
export async function relay(context: BenchContext): Promise<void> {
  await using stage = await openStage(context);
  await using drain = await openDrain(context.kafkaBrokers, stage.mongo);
  const kafka = new Kafka({ brokers: context.kafkaBrokers.split(","), logLevel: logLevel.NOTHING });
  const outbox = stage.mongo.db("orders").collection<OutboxRow>("outbox");
  await recordBacklog(context, kafka, (rows) => publishBacklog(stage.mongo, outbox, rows, drain));
  await using topic = await followTopic(kafka, topics.orders);
  const ofCommits = async (ms: number) => {
    const latencies: number[] = [];
    await openLoop(RATE, ms, async () => {
      const row = aRow();
      await outbox.insertOne(row);
      const committedMs = performance.now();
      await topic.event(row.key);
      latencies.push(performance.now() - committedMs);
    });
    return latencies.toSorted((a, b) => a - b);
  };
  await recordLatency(context, drain, "commit → event in a consumer", ofCommits);
  const create = async () => {
    const answer = JSON.parse(await stage.api.send("POST", "/orders", ordersBody(1))) as Created;
    await topic.event(answer.results[0]!.system_id);
  };
  const ofRequests = async (ms: number) => (await openLoop(RATE, ms, create)).latencies;
  await recordLatency(context, drain, "request → event in a consumer", ofRequests);
}

interface Created {
  results: { system_id: string }[];
}

/** `publish` stores the rows, and answers how many a second came out of the outbox. */
async function recordBacklog(
  context: BenchContext,
  kafka: Kafka,
  publish: (rows: readonly OutboxRow[]) => Promise<number>,
): Promise<void> {
  const events = context.phaseMs < 2_000 ? EVENTS_SHORT : EVENTS;
  const sameRows = Array.from({ length: events }, aRow);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  try {
    await makeTopic(kafka);
    await produce(producer, sameRows);
    context.report(`${events} events of a stored backlog, beside kafkajs sending such messages`);
    const values = await byRounds(context, {
      kafkajs: async () => {
        const beganMs = performance.now();
        await produce(producer, sameRows);
        return (events * 1_000) / (performance.now() - beganMs);
      },
      waybill: () => publish(Array.from({ length: events }, aRow)),
    });
    context.record({
      what: "outbox relay, out of a backlog",
      unit: "/s",
      waybill: values.waybill,
      peer: { name: "kafkajs produce loop", values: values.kafkajs },
      goal: { min: RELAY_MIN },
    });
  } finally {
    await producer.disconnect();
  }
}

function aRow(): OutboxRow {
  const source = {
    tenantId: TENANT,
    aggregateId: randomUUID(),
    lastSequence: 0,
    time: new Date().toISOString(),
    traceparent: `00-${"1".repeat(32)}-${"1".repeat(16)}-01`,
  };
  const event = { topic: topics.orders, type: "waybill.order.created.v1", data: anOrder() };
  return toOutboxRows(source, [event])[0]!;
}

async function makeTopic(kafka: Kafka): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await makeTopics(admin, [{ topic: LOOP_TOPIC, numPartitions: 12 }]);
  await admin.disconnect();
}

async function produce(producer: Producer, rows: readonly OutboxRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += CHUNK) {
    const messages = rows.slice(from, from + CHUNK).map((row) => toMessage(row, "/bench"));
    await producer.send({ topic: LOOP_TOPIC, acks: -1, compression: CompressionTypes.None, messages });
  }
}

/** The rate at which they come to their topic, once the relay has begun, while the services follow them. */
async function publishBacklog(
  mongo: MongoClient,
  outbox: Collection<OutboxRow>,
  rows: readonly OutboxRow[],
  drain: Drain,
): Promise<number> {
  await stopRelays(mongo);
  await skipBacklog(mongo);
  for (let from = 0; from < rows.length; from += CHUNK)
    await outbox.insertMany(rows.slice(from, from + CHUNK));
  const publish = () => Promise.all([drain.published(), releaseRelays(mongo)]);
  const samples = await samplesDuring(publish, () => drain.arrived());
  await drain.followed();
  return arrivalRate(samples);
}

/** `latencies` answers the sorted latencies of so many milliseconds of load. */
async function recordLatency(
  context: BenchContext,
  drain: Drain,
  way: string,
  latencies: (ms: number) => Promise<number[]>,
): Promise<void> {
  context.report(`${way}, ${RATE} a second: p99 in ms`);
  await latencies(WARM_MS);
  const medians: number[] = [];
  const tails = await byRounds(context, {
    waybill: async () => {
      await drain.followed();
      const sorted = await latencies(context.phaseMs);
      medians.push(percentile(sorted, 0.5));
      return percentile(sorted, 0.99);
    },
  });
  const what = `${way}, ${RATE}/s open loop`;
  context.record({ what: `${what}, p50`, unit: "ms", waybill: medians });
  context.record({ what: `${what}, p99`, unit: "ms", waybill: tails.waybill });
}
