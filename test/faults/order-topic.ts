import { randomUUID } from "node:crypto";
import { Kafka, logLevel } from "kafkajs";

/** An event as a consumer sees it. */
export interface SeenEvent {
  id: string;
  orderId: string;
  sequence: number;
  value: string;
}

/** Reads the order topic until `enough` says so or the time is up; answers what came, in order of arrival per key. */
export async function readOrderEvents(
  { kafka: { address } }: { kafka: { address: string } },
  enough: (events: readonly SeenEvent[]) => boolean,
  timeoutMs: number,
): Promise<SeenEvent[]> {
  const kafka = new Kafka({ brokers: address.split(","), logLevel: logLevel.NOTHING });
  const consumer = kafka.consumer({ groupId: randomUUID() });
  const events: SeenEvent[] = [];
  await consumer.connect();
  await consumer.subscribe({ topic: "waybill.orders.v1", fromBeginning: true });
  const arrived = new Promise<void>((resolve) => {
    setTimeout(resolve, timeoutMs);
    void consumer.run({
      eachMessage: async ({ message: { key, value, headers } }) => {
        events.push({
          id: String(headers?.["ce_id"]),
          orderId: String(key),
          sequence: Number(String(headers?.["ce_sequence"])),
          value: String(value),
        });
        if (enough(events)) resolve();
      },
    });
  });
  await arrived;
  await consumer.disconnect();
  return events;
}
