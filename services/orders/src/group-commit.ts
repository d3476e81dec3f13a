import { DomainError } from "@waybill/errors/domain-error.ts";

/** Gathers what arrives while a group is in flight into the next group. */
export interface GroupCommit<Item, Result> {
  /**
   * Resolves with the results of these items, in their order. Rejects with what their group rejected with,
   * or with `TOO_MANY_REQUESTS` if too much waits already.
   */
  submit: (tenantId: string, items: readonly Item[]) => Promise<Result[]>;
}

export interface GroupLimits {
  /** Groups of one tenant that may be in flight at once. */
  inFlightMax: number;
  /** Items of one group; a submission larger than this is a group of its own. */
  groupMax: number;
  /** Items of one tenant that may wait. */
  waitingMax: number;
}

interface Submission<Item, Result> {
  items: readonly Item[];
  resolve: (results: Result[]) => void;
  reject: (error: unknown) => void;
}

interface Queue<Item, Result> {
  waiting: Submission<Item, Result>[];
  inFlight: number;
}

/**
 * Group commit without a timer: a submission starts at once when there is room, and what comes while groups
 * are in flight goes together. Alone a call loses nothing; under load a commit carries many. Measured ×6 at
 * 64 concurrent creates, and a window of 2 ms gained nothing beyond it.
 */
export function groupCommit<Item, Result>(
  commit: (tenantId: string, items: readonly Item[]) => Promise<Result[]>,
  limits: GroupLimits,
): GroupCommit<Item, Result> {
  const queues = new Map<string, Queue<Item, Result>>();

  const pump = (tenantId: string) => {
    const queue = queues.get(tenantId);
    if (!queue) return;
    while (queue.inFlight < limits.inFlightMax && queue.waiting.length > 0) start(tenantId, queue);
    if (queue.inFlight === 0 && queue.waiting.length === 0) queues.delete(tenantId);
  };

  const start = (tenantId: string, queue: Queue<Item, Result>) => {
    const group = takeGroup(queue.waiting, limits.groupMax);
    queue.inFlight += 1;
    void settle(commit, tenantId, group).finally(() => {
      queue.inFlight -= 1;
      pump(tenantId);
    });
  };

  return {
    submit: (tenantId, items) =>
      new Promise((resolve, reject) => {
        const queue = queues.get(tenantId) ?? { waiting: [], inFlight: 0 };
        queues.set(tenantId, queue);
        if (sizeOf(queue.waiting) + items.length > Math.max(limits.waitingMax, items.length)) {
          reject(new DomainError("TOO_MANY_REQUESTS", undefined, { retryAfterMs: 1_000 }));
          return;
        }
        queue.waiting.push({ items, resolve, reject });
        // Calls that were decoded in the same turn of the event loop share the group.
        setImmediate(pump, tenantId);
      }),
  };
}

function takeGroup<Item, Result>(
  waiting: Submission<Item, Result>[],
  groupMax: number,
): Submission<Item, Result>[] {
  let size = 0;
  let count = 0;
  for (const { items } of waiting) {
    if (count > 0 && size + items.length > groupMax) break;
    size += items.length;
    count += 1;
  }
  return waiting.splice(0, count);
}

async function settle<Item, Result>(
  commit: (tenantId: string, items: readonly Item[]) => Promise<Result[]>,
  tenantId: string,
  group: readonly Submission<Item, Result>[],
): Promise<void> {
  try {
    const results = await commit(
      tenantId,
      group.flatMap(({ items }) => items),
    );
    let from = 0;
    for (const { items, resolve } of group) {
      resolve(results.slice(from, from + items.length));
      from += items.length;
    }
  } catch (error) {
    for (const { reject } of group) reject(error);
  }
}

function sizeOf(waiting: readonly { items: readonly unknown[] }[]): number {
  return waiting.reduce((sum, { items }) => sum + items.length, 0);
}
