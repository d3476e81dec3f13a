import type { EachBatchPayload } from "kafkajs";

interface Waiting {
  partition: number;
  offset: string;
  resolve: () => void;
  reject: (error: unknown) => void;
}

type Commit = EachBatchPayload["commitOffsetsIfNecessary"];

/**
 * Commits the offsets of one topic: those of partitions that are done in one turn of the event loop, or while
 * a commit is in flight, go in one request. What it answers resolves when `offset` is the partition's next
 * one for whoever comes after this member.
 */
export function offsetCommitter(topic: string) {
  let waiting: Waiting[] = [];
  let isBusy = false;
  const pump = async (commit: Commit) => {
    if (isBusy) return;
    isBusy = true;
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      await commitGroup(topic, group, commit);
    }
    isBusy = false;
  };
  return (commit: Commit, partition: number, offset: string): Promise<void> =>
    new Promise((resolve, reject) => {
      waiting.push({ partition, offset, resolve, reject });
      setImmediate(() => void pump(commit));
    });
}

async function commitGroup(topic: string, group: readonly Waiting[], commit: Commit): Promise<void> {
  try {
    const partitions = group.map(({ partition, offset }) => ({ partition, offset }));
    await commit({ topics: [{ topic, partitions }] });
    for (const { resolve } of group) resolve();
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}
