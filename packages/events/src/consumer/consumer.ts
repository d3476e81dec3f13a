import { setTimeout as delay } from "node:timers/promises";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { ConsumedEvent } from "./consumed-event.ts";
import { defaultLimits, type ConsumerLimits } from "./limits.ts";
import { beMember, type Life } from "./membership.ts";
import { createKafka, type KafkaConfig } from "../kafka.ts";
import type { Topic } from "../topics.ts";

/** What a consumer needs. */
export interface ConsumerOptions {
  /** The name of the group, such as `callbacks`; its id has the prefix before it. A group reads one topic. */
  group: string;
  topic: Topic;
  kafka: KafkaConfig;
  log: Logger;
  /**
   * Gets events of one partition, in their order (`eachKey` works on them one by one). When it resolves its
   * work is durable, and the offsets are committed; when it rejects the same events come again. They may
   * come again in any case, so it must drop what it did before (`applyOnce`). It is called for several
   * partitions at the same time.
   */
  handle: (events: ConsumedEvent[]) => Promise<void>;
  /**
   * Whether an error of `handle` says that a dependency is down (`mongoFailure`): anything but false, null
   * and undefined. The batch then waits for it, for as long as it takes.
   */
  unavailable: (error: unknown) => unknown;
  limits?: Partial<ConsumerLimits>;
}

/** A running consumer. Disposing it lets the batch in work finish, commits it, and leaves the group. */
export interface Consumer extends AsyncDisposable {
  /** False when Kafka has given no sign of life for `silentMs`: for /readyz. */
  healthy: () => boolean;
}

const REJOIN_MS = 250;
const REJOIN_MS_MAX = 2_000;

/**
 * Reads a topic as a member of a group, from its beginning if the group is new. Returns at once: it connects,
 * makes the topic if it is missing, and joins anew after every failure, for as long as it takes. What cannot
 * be processed goes to `<topic>.<group>.dlq`, and its partition goes on.
 */
export function startConsumer(options: ConsumerOptions): Consumer {
  const limits = { ...defaultLimits, ...options.limits };
  const log = options.log.child({ group: options.group, topic: options.topic });
  const life: Life = { signAt: performance.now(), joins: 0 };
  const stopping = new AbortController();
  const running = stayMember({ ...options, limits, log }, life, stopping.signal);
  return {
    healthy: () => performance.now() - life.signAt <= limits.silentMs,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function stayMember(
  options: ConsumerOptions & { limits: ConsumerLimits },
  life: Life,
  signal: AbortSignal,
): Promise<void> {
  const { group, kafka: config, log } = options;
  const kafka = createKafka(`waybill-${group}`, config.brokers, log);
  for (let failures = 0; !signal.aborted; failures += 1) {
    const { joins } = life;
    const error = await beMember(kafka, options, life, signal).catch((reason: unknown) => reason);
    if (signal.aborted) return;
    if (life.joins > joins) failures = 0;
    // Once per outage; the end of it is the line `consumer.joined`.
    if (failures === 0) log.warn(errorFacts(error), "consumer.interrupted");
    const ms = Math.min(REJOIN_MS_MAX, REJOIN_MS * 2 ** Math.min(failures, 10));
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }
}
