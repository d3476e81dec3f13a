import { randomUUID } from "node:crypto";
import type { Kafka } from "kafkajs";

/** A topic as a data team's consumer sees it. */
export interface FollowedTopic extends AsyncDisposable {
  /** Resolves when an event with this key has come, of this type if one is named; at once if it was before. */
  event: (key: string, type?: string) => Promise<void>;
}

/** Follows a topic from its end on. */
export async function followTopic(kafka: Kafka, topic: string): Promise<FollowedTopic> {
  const seen = new Set<string>();
  const waiting = new Map<string, () => void>();
  const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: false });
  // Where the end is turns out with the first fetch, not when the group is joined.
  const fetched = new Promise((resolve) => consumer.on(consumer.events.FETCH, resolve));
  await consumer.run({
    eachMessage: async ({ message: { key, headers } }) => {
      const [id, type] = [String(key), String(headers?.["ce_type"])];
      for (const name of [id, `${id} ${type}`]) {
        seen.add(name);
        waiting.get(name)?.();
        waiting.delete(name);
      }
    },
  });
  await fetched;
  return {
    event(key, type) {
      const name = type === undefined ? key : `${key} ${type}`;
      return seen.has(name) ? Promise.resolve() : new Promise((resolve) => waiting.set(name, resolve));
    },
    [Symbol.asyncDispose]: () => consumer.disconnect(),
  };
}
