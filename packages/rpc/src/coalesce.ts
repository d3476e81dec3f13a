import { DomainError } from "@waybill/errors/domain-error.ts";

/** Gathers what arrives while a group is in flight into the next group. */
export interface Coalesced<Item, Result> {
  /**
   * Resolves with the results of these items, in their order. Rejects with what their group rejected with,
   * or with `TOO_MANY_REQUESTS` if too much waits already.
   */
  submit: (tenantId: string, items: readonly Item[]) => Promise<Result[]>;
}

/** What bounds the groups. */
export interface GroupLimits {
  /** Groups of one tenant that may be in flight at once. */
  inFlightMax: number;
  /** Items of one group; a submission larger than this is a group of its own. */
  groupMax: number;
  /** Items of one tenant that may wait. */
  waitingMax: number;
}

/** Works on the items of a group: answers for each, in their order. */
type Work<Item, Result> = (tenantId: string, items: readonly Item[]) => Promise<Result[]>;

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
 * Work that several callers share, without a timer, as in a database's group commit: a submission starts at
 * once when there is room, and what comes while groups are in flight goes together. Alone a call loses nothing;
 * under load one call, query or commit carries many. Measured ×6 at 64 concurrent creates, and a window of 2 ms
 * gained nothing beyond it.
 *
 * A failure is that of the whole group if it `isCommon`; after any other each of several submissions is worked
 * on alone, so that none suffers from another's items.
 */
export function coalesced<Item, Result>(
  work: Work<Item, Result>,
  limits: GroupLimits,
  isCommon: (error: unknown) => boolean = () => true,
): Coalesced<Item, Result> {
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
    void settle({ work, isCommon }, tenantId, group).finally(() => {
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

/** Tells each submission its results, or what it failed with. Does not reject. */
async function settle<Item, Result>(
  how: { work: Work<Item, Result>; isCommon: (error: unknown) => boolean },
  tenantId: string,
  group: readonly Submission<Item, Result>[],
): Promise<void> {
  try {
    const items = group.flatMap((one) => one.items);
    const results = await how.work(tenantId, items);
    let from = 0;
    for (const one of group) one.resolve(results.slice(from, (from += one.items.length)));
  } catch (error) {
    if (group.length === 1 || how.isCommon(error)) for (const { reject } of group) reject(error);
    else await Promise.all(group.map((one) => settle(how, tenantId, [one])));
  }
}

function sizeOf(waiting: readonly { items: readonly unknown[] }[]): number {
  return waiting.reduce((sum, { items }) => sum + items.length, 0);
}
