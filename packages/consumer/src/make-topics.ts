import { setTimeout as delay } from "node:timers/promises";
import kafkajs, { type Admin, type ITopicConfig } from "kafkajs";

/** The largest message of Waybill's topics: more than a batch of the relay, see BATCH_BYTES_MAX. */
export const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

const READY_MS_MAX = 10_000;
const LOOK_MS = 50;

/**
 * Makes topics and waits until each has its leaders. Not by kafkajs' own wait: it fails when the broker that
 * answers has not heard of the new topic yet.
 */
export async function makeTopics(admin: Admin, wanted: ITopicConfig[]): Promise<void> {
  await admin.createTopics({ topics: wanted, waitForLeaders: false });
  const deadline = performance.now() + READY_MS_MAX;
  const names = wanted.map(({ topic }) => topic);
  for (;;) {
    try {
      await admin.fetchTopicMetadata({ topics: names });
      return;
    } catch (error) {
      if (!(error instanceof kafkajs.KafkaJSError) || performance.now() > deadline) throw error;
    }
    await delay(LOOK_MS);
  }
}
