import type { Clock } from "./clock.ts";
import type { DeliveryQueue, LaneFate, Settlement } from "./queue.ts";

/** Settlements that are written together, at most. */
const GROUP_MAX = 128;
/** Groups that are written at the same time. */
const IN_FLIGHT_MAX = 2;
const RETRY_MS = 250;

interface Waiting {
  settlement: Settlement;
  resolve: (fate: LaneFate) => void;
  reject: (error: unknown) => void;
}

/**
 * Writes settlements in groups: at once when nothing is being written, and what comes meanwhile together.
 * While the database is away a group is tried again for `patienceMs`, which its leases must outlast.
 */
export function createSettler(
  queue: Pick<DeliveryQueue, "settle">,
  clock: Clock,
  patienceMs: number,
): (settlement: Settlement) => Promise<LaneFate> {
  const waiting: Waiting[] = [];
  let inFlight = 0;

  const pump = (): void => {
    while (inFlight < IN_FLIGHT_MAX && waiting.length > 0) {
      inFlight += 1;
      void write(waiting.splice(0, GROUP_MAX)).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
  };

  const write = async (group: Waiting[]): Promise<void> => {
    const deadline = clock.now() + patienceMs;
    for (;;) {
      try {
        const fates = await queue.settle(group.map(({ settlement }) => settlement));
        return group.forEach(({ resolve }, index) => resolve(fates[index]!));
      } catch (error) {
        if (clock.now() + RETRY_MS > deadline) return group.forEach(({ reject }) => reject(error));
      }
      await new Promise<void>((resolve) => void clock.after(RETRY_MS, resolve));
    }
  };

  return (settlement) =>
    new Promise((resolve, reject) => {
      waiting.push({ settlement, resolve, reject });
      pump();
    });
}
