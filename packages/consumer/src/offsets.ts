import { setTimeout as delay } from "node:timers/promises";
import type { EachBatchPayload } from "kafkajs";
import type { Report } from "./report.ts";

/** A batch of a partition, by which the offsets of all can be committed. */
type Committing = Pick<EachBatchPayload, "batch" | "commitOffsetsIfNecessary">;

/** Tells Kafka how far partitions are, beside the work on what comes next. */
export interface OffsetCommitter {
  /** Everything before `offset` is done: whoever comes after this member begins there, soon. */
  reached: (by: Committing, offset: string) => void;
  /** Resolves when what was reached is committed, or Kafka has refused it several times. */
  idle: () => Promise<void>;
}

const TRIES = 3;
const RETRY_MS = 300;

/**
 * Commits the offsets of one topic. What is reached while a commit is in flight goes together in the next one.
 * An offset that is never committed costs a repeat: it goes with the next that is.
 */
export function offsetCommitter(topic: string, report: Report): OffsetCommitter {
  const reached = new Map<number, string>();
  let committing: Promise<void> | null = null;
  const commitAll = async (by: Committing) => {
    // What is reached in one turn of the event loop goes together.
    await new Promise(setImmediate);
    for (let failures = 0; reached.size > 0 && failures < TRIES;) {
      const offsets = [...reached];
      reached.clear();
      try {
        const partitions = offsets.map(([partition, offset]) => ({ partition, offset }));
        await by.commitOffsetsIfNecessary({ topics: [{ topic, partitions }] });
        failures = 0;
      } catch (error) {
        failures += 1;
        for (const [partition, offset] of offsets)
          if (!reached.has(partition)) reached.set(partition, offset);
        report({ level: "warn", what: "not_committed", facts: { failures }, error });
        await delay(RETRY_MS);
      }
    }
    committing = null;
  };
  return {
    reached(by, offset) {
      reached.set(by.batch.partition, offset);
      committing ??= commitAll(by);
    },
    idle: async () => {
      await committing;
    },
  };
}
