import { setTimeout as delay } from "node:timers/promises";
import type { Admin, Kafka } from "kafkajs";
import type { ConsumedEvent } from "./consumed-event.ts";
import { errorName } from "./dead-letter.ts";
import { defaultLimits, type ConsumerLimits } from "./limits.ts";
import { beMember, type Life, type MemberOptions } from "./membership.ts";
import type { Report } from "./report.ts";

/** What a consumer needs. */
export interface ConsumerOptions {
  /** Gives up soon, best with `retry: { retries: 3 }`: the consumer has its own, endless retry. */
  kafka: Kafka;
  /** The group's id. A group reads one topic. */
  group: string;
  /** Such as `waybill.orders.v1`, with the prefix of the installation if it has one. */
  topic: string;
  /**
   * Gets events of one partition, in their order (`eachKey` works on them one by one). When it resolves its
   * work is durable, and the offsets are committed; when it rejects the same events come again. They may
   * come again in any case, so it must drop what it did before (`inOrder`). It is called for several
   * partitions at the same time.
   */
  handle: (events: ConsumedEvent[]) => Promise<void>;
  /**
   * Whether an error of `handle` says that a dependency is down, such as your database: anything but false,
   * null and undefined. The batch then waits for it, for as long as it takes. Default: never.
   */
  unavailable?: (error: unknown) => unknown;
  /**
   * Throws `Undecodable` for an event that `handle` must not get, such as one of a version that you do not know:
   * it becomes a dead letter with that reason. Default: `handle` gets all.
   */
  check?: (event: ConsumedEvent) => void;
  /** Where messages go that cannot be processed; default `<topic>.<group>.dlq`. Made if it is missing. */
  deadLetterTopic?: string;
  /** The replicas of that topic if it is made; default 1, in production 3. */
  deadLetterReplicas?: number;
  /** What a dead letter says of an error; default: its class. Never its message, which may hold personal data. */
  nameOf?: (error: unknown) => string;
  /** What is to be there before it joins, such as the topic. */
  prepare?: (admin: Admin) => Promise<void>;
  /** Is told what happens to the consumer, for your log. */
  report?: Report;
  limits?: Partial<ConsumerLimits>;
}

/** A running consumer. Disposing it lets the batch in work finish, commits it, and leaves the group. */
export interface Consumer extends AsyncDisposable {
  /** False when Kafka has given no sign of life for `silentMs`: for a readiness probe. */
  healthy: () => boolean;
}

const REJOIN_MS = 250;
const REJOIN_MS_MAX = 2_000;

/**
 * Reads a topic as a member of a group, from its beginning if the group is new. Returns at once: it connects
 * and joins anew after every failure, for as long as it takes. What cannot be processed goes to the dead
 * letters, and its partition goes on.
 */
export function startConsumer(options: ConsumerOptions): Consumer {
  const member: MemberOptions = {
    unavailable: () => null,
    check: () => undefined,
    deadLetterTopic: `${options.topic}.${options.group}.dlq`,
    deadLetterReplicas: 1,
    nameOf: errorName,
    prepare: async () => undefined,
    report: () => undefined,
    ...options,
    limits: { ...defaultLimits, ...options.limits },
  };
  const life: Life = { signAt: performance.now(), joins: 0 };
  const stopping = new AbortController();
  const running = stayMember(member, life, stopping.signal);
  return {
    healthy: () => performance.now() - life.signAt <= member.limits.silentMs,
    async [Symbol.asyncDispose]() {
      stopping.abort();
      await running;
    },
  };
}

async function stayMember(options: MemberOptions, life: Life, signal: AbortSignal): Promise<void> {
  for (let failures = 0; !signal.aborted; failures += 1) {
    const { joins } = life;
    const error = await beMember(options, life, signal).catch((reason: unknown) => reason);
    if (signal.aborted) return;
    if (life.joins > joins) failures = 0;
    // Once per outage; the end of it is `joined`.
    if (failures === 0) options.report({ level: "warn", what: "interrupted", facts: {}, error });
    const ms = Math.min(REJOIN_MS_MAX, REJOIN_MS * 2 ** Math.min(failures, 10));
    await delay(ms, undefined, { signal }).catch(() => undefined);
  }
}
