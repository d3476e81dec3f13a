import { randomUUID } from "node:crypto";
import { createKafka, type KafkaConfig } from "@waybill/events/kafka.ts";
import { createLog } from "@waybill/process/log.ts";

/** A message that was given up. */
interface DeadLetter {
  order: string;
  sequence: number;
  reason: string;
  value: string;
}

/** What has come so far. */
export interface DeadLetters extends AsyncDisposable {
  found: DeadLetter[];
}

/** Reads a topic of dead letters, which has to be there, from its beginning. */
export async function readDeadLetters({ brokers, prefix }: KafkaConfig, name: string): Promise<DeadLetters> {
  const kafka = createKafka("dead-letters", brokers, createLog("test", "silent"));
  const consumer = kafka.consumer({ groupId: randomUUID(), maxWaitTimeInMs: 50 });
  const found: DeadLetter[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: prefix + name, fromBeginning: true });
  await consumer.run({
    eachMessage: async ({ message: { headers = {}, value } }) => {
      const header = (key: string) => String(headers[key]);
      found.push({
        order: header("ce_subject"),
        sequence: Number(header("ce_sequence")),
        reason: header("dlt_reason"),
        value: String(value),
      });
    },
  });
  return { found, [Symbol.asyncDispose]: () => consumer.disconnect() };
}
