import { randomUUID } from "node:crypto";
import { toMessage } from "@waybill/events/cloud-event.ts";
import { toOutboxRows, type OutboxRow } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import { CompressionTypes, Kafka, logLevel, type Producer } from "kafkajs";
import { byRounds, type BenchContext } from "./bench.ts";
import { openDrain } from "./drained.ts";
import { closedLoop, openLoop, percentile } from "./load.ts";
import { anOrder, ordersBody } from "./records.ts";
import { releaseRelays, skipBacklog, stopRelays } from "./relays.ts";
import { followTopic } from "./topic.ts";
import { openStage, TENANT, type Stage } from "./stage.ts";

const EVENTS = 20_000;
const EVENTS_SHORT = 5_000;
const CHUNK = 1_000;
const RELAY_MIN = 0.3;
const RATE = 200;
const WARM_MS = 2_000;
const LOOP_TOPIC = "bench.loop";

/** The outbox's way to Kafka: events a second out of a backlog, and from the commit to a consumer. */
export async function relay(context: BenchContext): Promise<void> {
  await using stage = await openStage(context);
  await using drain = await openDrain(context.kafkaBrokers, stage.mongo);
  const kafka = new Kafka({ brokers: context.kafkaBrokers.split(","), logLevel: logLevel.NOTHING });
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  const events = context.phaseMs < 2_000 ? EVENTS_SHORT : EVENTS;
  const rows = Array.from({ length: events }, aRow);
  try {
    await makeTopic(kafka);
    await produce(producer, rows);
    context.report(`${events} events of a stored backlog, beside kafkajs sending the same messages`);
    const values = await byRounds(context, {
      kafkajs: () => timed(events, () => produce(producer, rows)),
      waybill: () => publishBacklog(stage, events, () => drain.published()),
    });
    const peer = { name: "kafkajs produce loop", values: values.kafkajs };
    const goal = { min: RELAY_MIN };
    context.record({
      what: "outbox relay, out of a backlog",
      unit: "/s",
      waybill: values.waybill,
      peer,
      goal,
    });
    await drain.followed();
    await recordLatency(context, stage, kafka);
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
  await admin.createTopics({ topics: [{ topic: LOOP_TOPIC, numPartitions: 12 }], waitForLeaders: false });
  await admin.disconnect();
}

async function produce(producer: Producer, rows: readonly OutboxRow[]): Promise<void> {
  for (let from = 0; from < rows.length; from += CHUNK) {
    const messages = rows.slice(from, from + CHUNK).map((row) => toMessage(row, "/bench"));
    await producer.send({ topic: LOOP_TOPIC, acks: -1, compression: CompressionTypes.None, messages });
  }
}

/** From the moment when the relay may begin; what it needs to take its slots counts. */
async function publishBacklog(
  { mongo }: Stage,
  events: number,
  published: () => Promise<void>,
): Promise<number> {
  await published();
  await stopRelays(mongo);
  await skipBacklog(mongo);
  const outbox = mongo.db("orders").collection<OutboxRow>("outbox");
  const rows = Array.from({ length: events }, aRow);
  for (let from = 0; from < events; from += CHUNK) await outbox.insertMany(rows.slice(from, from + CHUNK));
  await releaseRelays(mongo);
  return timed(events, published);
}

async function timed(events: number, work: () => Promise<void>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return (events * 1_000) / (performance.now() - beganMs);
}

/** From the request to the event in a consumer, while orders are created at a fixed rate. */
async function recordLatency(context: BenchContext, { api }: Stage, kafka: Kafka): Promise<void> {
  await using topic = await followTopic(kafka, topics.orders);
  const create = async () => {
    const answer = JSON.parse(await api.send("POST", "/orders", ordersBody(1))) as Created;
    await topic.event(answer.results[0]!.system_id);
  };
  await closedLoop(8, WARM_MS, create);
  context.report(`${RATE} creates a second: from the request to the event in a consumer, p99 in ms`);
  const medians: number[] = [];
  const tails = await byRounds(context, {
    waybill: async () => {
      const { latencies } = await openLoop(RATE, context.phaseMs, create);
      medians.push(percentile(latencies, 0.5));
      return percentile(latencies, 0.99);
    },
  });
  const what = `request → event in a consumer, ${RATE}/s open loop`;
  context.record({ what: `${what}, p50`, unit: "ms", waybill: medians });
  context.record({ what: `${what}, p99`, unit: "ms", waybill: tails.waybill });
}

interface Created {
  results: { system_id: string }[];
}
