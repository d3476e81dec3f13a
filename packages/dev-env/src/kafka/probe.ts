import { Kafka, logLevel } from "kafkajs";
import type { Life } from "../engine/engine.ts";
import { portOpen, untilAnswering } from "../engine/readiness.ts";

const HOST = "127.0.0.1";
const READY_WITHIN_MS = 60_000;

/** Resolves when a client can use the broker on the port of 127.0.0.1; rejects when it ended or is late. */
export async function untilKafkaAnswers(life: Life, port: number): Promise<void> {
  await untilAnswering(life, READY_WITHIN_MS, () => portOpen(HOST, port));
  await untilAnswering(life, READY_WITHIN_MS, async () => void (await probeKafka([`${HOST}:${port}`])));
}

/** Resolves if a client can use the brokers, with what they call the cluster's nodes. */
export async function probeKafka(brokers: string[]): Promise<string[]> {
  const admin = new Kafka({
    brokers,
    clientId: "waybill-dev-env",
    connectionTimeout: 1000,
    requestTimeout: 5000,
    retry: { retries: 0 },
    logLevel: logLevel.NOTHING,
  }).admin();
  try {
    await admin.connect();
    await admin.listTopics();
    const { brokers: nodes } = await admin.describeCluster();
    if (nodes.length === 0) throw new Error("no broker has joined the cluster yet");
    return nodes.map(({ host, port }) => `${host}:${port}`);
  } finally {
    await admin.disconnect();
  }
}
