import { setTimeout as delay } from "node:timers/promises";
import type { EachBatchPayload, KafkaMessage } from "kafkajs";
import { toConsumedEvent, type ConsumedEvent } from "./consumed-event.ts";
import { judge } from "./failures.ts";
import type { ConsumerLimits } from "./limits.ts";
import { keepAlive, type Pulse } from "./pulse.ts";
import type { DeadLetters } from "./dead-letter.ts";
import type { OffsetCommitter } from "./offsets.ts";
import type { Report } from "./report.ts";

/** What working on batches needs. */
export interface BatchOptions {
  handle: (events: ConsumedEvent[]) => Promise<void>;
  unavailable: (error: unknown) => unknown;
  /** Throws `Undecodable` for an event that becomes a dead letter. */
  check: (event: ConsumedEvent) => void;
  limits: ConsumerLimits;
  letters: DeadLetters;
  /** What a dead letter says of an error. */
  nameOf: (error: unknown) => string;
  report: Report;
  /** Aborted when the member is to leave: what is in work is finished, nothing new is begun. */
  signal: AbortSignal;
}

interface Item {
  message: KafkaMessage;
  event: ConsumedEvent;
}

interface Unreadable {
  message: KafkaMessage;
  error: Error;
}

/** One fetched batch of one partition, in work. */
interface Work extends BatchOptions {
  partition: number;
  pulse: Pulse;
}

/**
 * What kafkajs calls with each fetched batch. Works through it in bounded parts; the offset of a part is
 * committed when each of its events is handled or its dead letter acknowledged, never before. The next part
 * does not wait for that.
 */
export function batchWorker(
  options: BatchOptions,
  offsets: OffsetCommitter,
): (payload: EachBatchPayload) => Promise<void> {
  return async (payload) => {
    if (options.signal.aborted) return;
    await payload.heartbeat();
    const pulse = keepAlive(() => payload.heartbeat(), options.signal);
    const work = { ...options, partition: payload.batch.partition, pulse };
    try {
      for (const messages of boundedParts(payload.batch.messages, options.limits)) {
        pulse.signal.throwIfAborted();
        await settle(work, messages);
        const last = messages.at(-1)!.offset;
        payload.resolveOffset(last);
        offsets.reached(payload, String(BigInt(last) + 1n));
      }
    } catch (error) {
      if (!options.signal.aborted) throw error;
    } finally {
      pulse.stop();
    }
    // A member that leaves tells first how far it came.
    if (options.signal.aborted) await offsets.idle();
  };
}

function* boundedParts(messages: readonly KafkaMessage[], limits: ConsumerLimits): Generator<KafkaMessage[]> {
  let part: KafkaMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.value?.length ?? 0;
    if (part.length > 0 && (part.length >= limits.events || bytes + size > limits.bytes)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(message);
    bytes += size;
  }
  if (part.length > 0) yield part;
}

async function settle(work: Work, messages: readonly KafkaMessage[]): Promise<void> {
  const items: Item[] = [];
  const unreadable: Unreadable[] = [];
  for (const message of messages) {
    try {
      const event = toConsumedEvent(message);
      work.check(event);
      items.push({ message, event });
    } catch (error) {
      unreadable.push({ message, error: error as Error });
    }
  }
  if (items.length > 0) await handleItems(work, items, 0);
  // Last, so that a batch that waits for a dependency and comes again does not write them twice.
  for (const { message, error } of unreadable) {
    await bury(work, message, { reason: error.message, error, attempts: 0 });
  }
}

/** Resolves when each event is handled or dead-lettered. Rejects when the member has to leave before. */
async function handleItems(work: Work, items: readonly Item[], failed: number): Promise<void> {
  const outage = watchOutage(work, items);
  const rules = { unavailable: work.unavailable, attempts: work.limits.attempts };
  for (let attempts = failed + 1, call = 1; ; call += 1) {
    const error = await tryOnce(work, items);
    if (error === null) return outage.over();
    const verdict = judge({ error, events: items.length, attempts }, rules);
    if (verdict === "wait") outage.goesOn(error);
    else outage.over();
    if (verdict === "dead_letter") return giveUp(work, items[0]!, { error, attempts });
    if (verdict === "split") return handleEach(work, items, attempts);
    if (verdict === "retry") {
      attempts += 1;
      work.report({ level: "warn", what: "retry", facts: { ...facts(work, items), attempts }, error });
    }
    await backOff(work, call);
  }
}

async function handleEach(work: Work, items: readonly Item[], failed: number): Promise<void> {
  for (const item of items) await handleItems(work, [item], failed);
}

/** Null, or what `handle` rejected with. */
async function tryOnce({ handle, limits, pulse }: Work, items: readonly Item[]): Promise<unknown> {
  pulse.signal.throwIfAborted();
  const overdue = setTimeout(pulse.stop, limits.handleMs);
  try {
    await handle(items.map(({ event }) => event));
    return null;
  } catch (error) {
    return error ?? new Error("rejected without a reason");
  } finally {
    clearTimeout(overdue);
  }
}

async function backOff({ limits, pulse }: Work, call: number): Promise<void> {
  const ms = Math.min(limits.retryMsMax, limits.retryMs * 2 ** Math.min(call - 1, 10));
  await delay(ms, undefined, { signal: pulse.signal }).catch(() => undefined);
  pulse.signal.throwIfAborted();
}

function giveUp(work: Work, { message }: Item, failure: { error: unknown; attempts: number }): Promise<void> {
  return bury(work, message, { reason: "the handler failed", ...failure });
}

async function bury(
  { letters, partition, nameOf, report }: Work,
  message: KafkaMessage,
  { reason, error, attempts }: { reason: string; error: unknown; attempts: number },
): Promise<void> {
  await letters.send(partition, message, { reason, error: nameOf(error), attempts });
  const buried = { partition, offset: message.offset, reason, attempts };
  report({ level: "error", what: "dead_lettered", facts: buried, error });
}

/** Says once that a batch waits, and once that it goes on. */
function watchOutage(work: Work, items: readonly Item[]) {
  let since: number | null = null;
  return {
    goesOn(error: unknown) {
      if (since !== null) return;
      since = performance.now();
      work.report({ level: "warn", what: "waiting", facts: facts(work, items), error });
    },
    over() {
      if (since === null) return;
      const waitedMs = Math.round(performance.now() - since);
      work.report({ level: "info", what: "resumed", facts: { ...facts(work, items), waited_ms: waitedMs } });
      since = null;
    },
  };
}

function facts({ partition }: Work, items: readonly Item[]) {
  return { partition, offset: items[0]!.message.offset, events: items.length };
}
