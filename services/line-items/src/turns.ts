/** Lets the work of one tenant on its stock happen one after the other in this process. */
export interface Turns {
  /** Runs `work` when all work of the tenant that came before has ended. Rejects as it does. */
  take: <Result>(tenantId: string, work: () => Promise<Result>) => Promise<Result>;
}

/**
 * Bookings of one tenant mostly want the same SKUs. Side by side they would meet in the database as conflicts,
 * each of which costs a whole transaction. The database guards the stock, not this: others may run elsewhere.
 */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>();
  return {
    take(tenantId, work) {
      const before = last.get(tenantId) ?? Promise.resolve();
      const turn = before.then(work, work);
      const settled = turn
        .catch(() => undefined)
        .finally(() => {
          if (last.get(tenantId) === settled) last.delete(tenantId);
        });
      last.set(tenantId, settled);
      return turn;
    },
  };
}
