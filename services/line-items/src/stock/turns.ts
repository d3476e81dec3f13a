import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";

/** Lets the work of one tenant on its stock happen one after the other in this process. */
export interface Turns {
  /**
   * Runs `work` when all work of the tenant that came before has ended. Rejects as it does; at once with
   * `DEPENDENCY_UNAVAILABLE` when too much waits already; and with `DEADLINE_EXCEEDED`, without having run it,
   * when its turn comes later than `deadline` (milliseconds since the epoch).
   */
  take: <Result>(tenantId: string, work: () => Promise<Result>, deadline?: number) => Promise<Result>;
}

/** More would wait longer than their callers do. */
const WAITING_MAX = 500;

/**
 * Bookings of one tenant mostly want the same SKUs. Side by side they would meet in the database as conflicts,
 * each of which costs a whole transaction. The database guards the stock, not this: others may run elsewhere.
 */
export function createTurns(waitingMax = WAITING_MAX): Turns {
  const queues = new Map<string, { last: Promise<unknown>; waiting: number }>();
  return {
    async take(tenantId, work, deadline = Infinity) {
      const queue = queues.get(tenantId) ?? { last: Promise.resolve(), waiting: 0 };
      if (queue.waiting >= waitingMax) throw unavailable("too many wait for the same stock");
      queues.set(tenantId, queue);
      queue.waiting += 1;
      const turn = queue.last.then(() => {
        if (Date.now() > deadline) throw new DomainError("DEADLINE_EXCEEDED");
        return work();
      });
      queue.last = turn
        .catch(() => undefined)
        .finally(() => {
          queue.waiting -= 1;
          if (queue.waiting === 0) queues.delete(tenantId);
        });
      return turn;
    },
  };
}
