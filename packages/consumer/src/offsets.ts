import { setTimeout as delay } from "node:timers/promises";
import type { EachBatchPayload } from "kafkajs";
import { atMost } from "./at-most.ts";
import type { Report } from "./report.ts";

/** A batch of a partition, by which the offsets of all can be committed. */
type Committing = Pick<EachBatchPayload, "batch" | "commitOffsetsIfNecessary">;

/** Tells Kafka how far partitions are, beside the work on what comes next. */
export interface OffsetCommitter {
  /** Everything before `offset` is done: whoever comes after this member begins there, soon. */
  reached: (by: Committing, offset: string) => void;
  /** Forgets what is not committed: partitions are given anew, and whoever has one now tells its offsets. */
  forget: () => void;
  /** Resolves when what was reached is committed, or Kafka has refused it several times or does not answer. */
  idle: () => Promise<void>;
}

const TRIES = 3;
const RETRY_MS = 300;
/** What the last commit of a member that leaves may take. */
const IDLE_MS_MAX = 2_000;

/**
 * Commits the offsets of one topic. What is reached while a commit is in flight goes together in the next one.
 * An offset that is never committed costs a repeat: it goes with the next that is.
 */
export function offsetCommitter(topic: string, report: Report): OffsetCommitter {
  let reached = new Map<number, string>();
  let committing: Promise<void> | null = null;
  const commit = async (by: Committing, offsets: Map<number, string>) => {
    const partitions = [...offsets].map(([partition, offset]) => ({ partition, offset }));
    offsets.clear();
    try {
      await by.commitOffsetsIfNecessary({ topics: [{ topic, partitions }] });
      return true;
    } catch (error) {
      for (const { partition, offset } of partitions)
        if (!offsets.has(partition)) offsets.set(partition, offset);
      report({ level: "warn", what: "not_committed", facts: { partitions: partitions.length }, error });
      return false;
    }
  };
  const commitAll = async (by: Committing) => {
    // What is reached in one turn of the event loop goes together.
    await new Promise(setImmediate);
    for (let failures = 0; reached.size > 0 && failures < TRIES;) {
      if (await commit(by, reached)) failures = 0;
      else failures += 1;
      if (failures > 0) await delay(RETRY_MS);
    }
  };
  return {
    reached(by, offset) {
      reached.set(by.batch.partition, offset);
      committing ??= commitAll(by).finally(() => (committing = null));
    },
    forget() {
      // What is in flight puts its own back into the map of before.
      reached = new Map();
    },
    idle: () => atMost(IDLE_MS_MAX, committing),
  };
}
