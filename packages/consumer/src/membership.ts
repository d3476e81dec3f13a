import { once } from "node:events";
import type { Admin, Consumer, Kafka } from "kafkajs";
import { atMost } from "./at-most.ts";
import { batchWorker, type BatchOptions } from "./batch.ts";
import type { ConsumerLimits } from "./limits.ts";
import { offsetCommitter, type OffsetCommitter } from "./offsets.ts";
import { createDeadLetters, ensureDeadLetterTopic, type DeadLetters } from "./dead-letter.ts";

/** What a membership needs. */
export interface MemberOptions extends Pick<
  BatchOptions,
  "handle" | "unavailable" | "check" | "nameOf" | "report"
> {
  kafka: Kafka;
  group: string;
  topic: string;
  deadLetterTopic: string;
  deadLetterReplicas: number;
  prepare: (admin: Admin) => Promise<void>;
  limits: ConsumerLimits;
}

/** What Kafka told a consumer, over all of its memberships. */
export interface Life {
  /** When Kafka last answered as the group's coordinator: `performance.now()`. */
  signAt: number;
  /** How often it joined the group. */
  joins: number;
}

// A dead member's partitions go to others after its session; a busy member may finish its call in a rebalance.
const SESSION_MS = 6_000;
const HEARTBEAT_MS = 1_500;
const REBALANCE_MS = 15_000;
/** Above the relay's largest record batch: one that is larger waits until no other partition has anything. */
const FETCH_PARTITION_BYTES = 5 * 1024 * 1024;
/** With 10 MiB a backlog of 100,000 events took no less time, and 80 MB more memory. */
const FETCH_BYTES = 6 * 1024 * 1024;
/** An idle member asks this often, and leaves within this time. */
const FETCH_WAIT_MS = 500;
const LOOK_MS = 500;

/**
 * Is a member of the group until `stopping` aborts, or kafkajs gives up or falls silent: it does not always
 * say so itself (kafkajs issues 659, 1443). Has left the group then, and rejects with the reason.
 */
export async function beMember(options: MemberOptions, life: Life, stopping: AbortSignal): Promise<never> {
  const ended = new AbortController();
  const signal = AbortSignal.any([stopping, ended.signal]);
  const over = untilAborted(signal);
  try {
    await using letters = await Promise.race([openLetters(options), over]);
    const consumer = createConsumer(options);
    const offsets = offsetCommitter(options.topic, options.report);
    using _watch = watch(consumer, { ...options, offsets }, life, ended);
    const joining = join(consumer, options, { letters, offsets, signal });
    await Promise.race([joining, over]).catch((error: unknown) => ended.abort(error));
    await over.catch(() => undefined);
    await atMost(options.limits.stopMs, leave(consumer, joining, stopping.aborted ? offsets : null));
    return await over;
  } finally {
    ended.abort();
  }
}

async function openLetters(options: MemberOptions): Promise<DeadLetters> {
  const { kafka, topic, deadLetterTopic, deadLetterReplicas } = options;
  const admin = kafka.admin();
  try {
    await admin.connect();
    await options.prepare(admin);
    await ensureDeadLetterTopic(admin, deadLetterTopic, deadLetterReplicas);
  } finally {
    await admin.disconnect().catch(() => undefined);
  }
  return createDeadLetters(kafka, topic, deadLetterTopic);
}

function createConsumer({ kafka, group }: MemberOptions): Consumer {
  return kafka.consumer({
    groupId: group,
    sessionTimeout: SESSION_MS,
    heartbeatInterval: HEARTBEAT_MS,
    rebalanceTimeout: REBALANCE_MS,
    maxBytesPerPartition: FETCH_PARTITION_BYTES,
    maxBytes: FETCH_BYTES,
    maxWaitTimeInMs: FETCH_WAIT_MS,
    allowAutoTopicCreation: false,
    // kafkajs restarts after some failures only; here every one ends the membership.
    retry: { retries: 3, restartOnFailure: async () => false },
  });
}

async function join(
  consumer: Consumer,
  { topic, ...options }: MemberOptions,
  { offsets, ...work }: { letters: DeadLetters; offsets: OffsetCommitter; signal: AbortSignal },
): Promise<void> {
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: options.limits.partitions,
    eachBatch: batchWorker({ ...options, ...work }, offsets),
  });
}

/** Notes what Kafka says, and aborts `ended` after a crash or a silence. */
function watch(
  consumer: Consumer,
  { topic, limits, report, offsets }: MemberOptions & { offsets: OffsetCommitter },
  life: Life,
  ended: AbortController,
): Disposable {
  const { HEARTBEAT, COMMIT_OFFSETS, GROUP_JOIN, CRASH } = consumer.events;
  const beganAt = performance.now();
  const sign = () => (life.signAt = performance.now());
  consumer.on(HEARTBEAT, sign);
  consumer.on(COMMIT_OFFSETS, sign);
  consumer.on(GROUP_JOIN, ({ payload: { memberAssignment } }) => {
    sign();
    offsets.forget();
    life.joins += 1;
    report({ level: "info", what: "joined", facts: { partitions: memberAssignment[topic] ?? [] } });
  });
  consumer.on(CRASH, ({ payload: { error } }) => ended.abort(error));
  return setInterval(() => {
    const silentMs = performance.now() - Math.max(beganAt, life.signAt);
    if (silentMs > limits.silentMs) ended.abort(new Error("Kafka is silent"));
  }, LOOK_MS);
}

/**
 * Tells the offsets first, if they are given. Disconnects twice, since kafkajs lets a join in flight go on when it is
 * told to.
 */
async function leave(
  consumer: Consumer,
  joining: Promise<void>,
  offsets: OffsetCommitter | null,
): Promise<void> {
  await offsets?.idle();
  await consumer.disconnect().catch(() => undefined);
  await joining.catch(() => undefined);
  await consumer.disconnect().catch(() => undefined);
}

/** Rejects with the reason. */
async function untilAborted(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, "abort");
  throw signal.reason;
}
