import { setTimeout as delay } from "node:timers/promises";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { Kafka, Producer, TopicMessages } from "kafkajs";
import { toMessage } from "../cloud-event.ts";
import { createKafka, type KafkaConfig } from "../kafka.ts";
import type { OutboxRow } from "../outbox.ts";
import { ensureTopics, topics } from "../topics.ts";

/** Below MESSAGE_BYTES_MAX with room for headers, since kafkajs makes one record batch per partition. */
const BATCH_BYTES_MAX = 4 * 1024 * 1024;
const RETRY_MS_MIN = 200;
const RETRY_MS_MAX = 2_000;
/** Of the failed attempts one in so many is told: about twice a minute. */
const LOG_EVERY = 15;
/** What a message has besides its data: key and headers. */
const OVERHEAD_BYTES = 1_000;

/** Sends rows to their topics. */
export interface Publisher extends AsyncDisposable {
  /**
   * Resolves when Kafka has acknowledged all rows, in their order. Tries again for as long as Kafka does not
   * answer, so that rows may arrive twice; rejects only when `signal` aborts.
   */
  publish: (rows: readonly OutboxRow[], signal: AbortSignal) => Promise<void>;
}

/** A publisher for the events of one service. Connects on its first use. */
export function createPublisher(service: string, config: KafkaConfig, log: Logger): Publisher {
  const kafka = createKafka(`waybill-${service}-relay`, config.brokers, log);
  let producer: Producer | null = null;
  const disconnect = async () => {
    const old = producer;
    producer = null;
    await old?.disconnect().catch(() => undefined);
  };
  const send = async (rows: readonly OutboxRow[]) => {
    producer ??= await connect(kafka, config);
    for (const part of splitBySize(rows)) {
      await producer.sendBatch({ acks: -1, topicMessages: byTopic(part, service, config.prefix) });
    }
  };
  return {
    publish: (rows, signal) => untilSent(() => send(rows), disconnect, log, signal),
    [Symbol.asyncDispose]: disconnect,
  };
}

async function untilSent(
  send: () => Promise<void>,
  disconnect: () => Promise<void>,
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    try {
      await send();
      if (attempt > 1) log.info({ attempt }, "relay.kafka_back");
      return;
    } catch (error) {
      if (attempt % LOG_EVERY === 1) {
        log.warn({ ...errorFacts(error), attempt, kafka_type: typeOf(error) }, "relay.kafka_unavailable");
      }
      // After a failed send an idempotent producer's sequence is in doubt; a new one starts a new sequence.
      await disconnect();
      await delay(Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** Math.min(attempt, 10)), undefined, { signal });
    }
  }
}

/** Kafka's own word for the error, such as MESSAGE_TOO_LARGE. */
function typeOf(error: unknown): string | undefined {
  return error instanceof Error && "type" in error ? String(error.type) : undefined;
}

async function connect(kafka: Kafka, config: KafkaConfig): Promise<Producer> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    await ensureTopics(admin, Object.values(topics), config);
  } finally {
    await admin.disconnect();
  }
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  return producer;
}

/** Rows of one send: consecutive, and small enough for one record batch even if all share a partition. */
export function splitBySize(rows: readonly OutboxRow[]): OutboxRow[][] {
  const parts: OutboxRow[][] = [];
  let bytes = Infinity;
  for (const row of rows) {
    const size = Buffer.byteLength(row.data) + OVERHEAD_BYTES;
    if (bytes + size > BATCH_BYTES_MAX) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)!.push(row);
    bytes += size;
  }
  return parts;
}

function byTopic(rows: readonly OutboxRow[], service: string, prefix: string): TopicMessages[] {
  const grouped = Map.groupBy(rows, (row) => row.topic);
  return [...grouped].map(([topic, members]) => ({
    topic: prefix + topic,
    messages: members.map((row) => toMessage(row, `/waybill/${service}`)),
  }));
}
