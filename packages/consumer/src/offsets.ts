import type { EachBatchPayload } from "kafkajs";

interface Waiting {
  partition: number;
  offset: string;
  resolve: () => void;
  reject: (error: unknown) => void;
}

/** A batch of a partition, by which the offsets of all can be committed. */
type Committing = Pick<EachBatchPayload, "batch" | "commitOffsetsIfNecessary">;

/**
 * Commits the offsets of one topic: those of partitions that are done in one turn of the event loop, or while
 * a commit is in flight, go in one request. What it answers resolves when `offset` is the partition's next
 * one for whoever comes after this member.
 */
export function offsetCommitter(topic: string) {
  let waiting: Waiting[] = [];
  let isBusy = false;
  const pump = async (by: Committing) => {
    if (isBusy) return;
    isBusy = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await commitGroup(topic, group, by);
    }
    isBusy = false;
  };
  return (by: Committing, offset: string): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ partition: by.batch.partition, offset, resolve, reject });
      setImmediate(() => void pump(by));
    });
}

async function commitGroup(topic: string, group: readonly Waiting[], by: Committing): Promise<void> {
  try {
    const partitions = group.map(({ partition, offset }) => ({ partition, offset }));
    await by.commitOffsetsIfNecessary({ topics: [{ topic, partitions }] });
    for (const { resolve } of group) resolve();
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
