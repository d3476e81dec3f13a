import type { Clock } from "../clock.ts";
import type { DeliveryQueue, LaneFate, Settlement } from "./queue.ts";

/** Settlements that are written together, at most. */
const GROUP_MAX = 128;
/** A group of this size is written at once. */
const GROUP_FULL = 32;
/** Between the beginnings of two smaller ones: a commit costs about as much for ten as for one. */
const PAUSE_MS = 40;
/** Groups that are written at the same time. */
const IN_FLIGHT_MAX = 2;
const RETRY_MS = 250;

interface Waiting {
  settlement: Settlement;
  resolve: (fate: LaneFate) => void;
  reject: (error: unknown) => void;
}

/**
 * Writes settlements in groups: the first at once, those that follow closely together. Nobody waits for what
 * ends a lane's turn; an `extend`, whose lane goes on when it is stored, takes its group with it at once.
 * While the database is away a group is tried again for `patienceMs`, which its leases must outlast.
 */
export function createSettler(
  queue: Pick<DeliveryQueue, "settle">,
  clock: Clock,
  patienceMs: number,
): (settlement: Settlement) => Promise<LaneFate> {
  const waiting: Waiting[] = [];
  let inFlight = 0;
  let wroteAtMs = -Infinity;
  let isHurried = false;
  let isTimed = false;

  const pump = (): void => {
    while (inFlight < IN_FLIGHT_MAX && waiting.length > 0) {
      const pauseMs = wroteAtMs + PAUSE_MS - clock.now();
      if (!isHurried && waiting.length < GROUP_FULL && pauseMs > 0) return pumpIn(pauseMs);
      inFlight += 1;
      isHurried = false;
      wroteAtMs = clock.now();
      void write(waiting.splice(0, GROUP_MAX)).finally(() => {
        inFlight -= 1;
        pump();
      });
    }
  };

  const pumpIn = (ms: number): void => {
    if (isTimed) return;
    isTimed = true;
    clock.after(ms, () => {
      isTimed = false;
      pump();
    });
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
      isHurried ||= settlement.step === "extend";
      pump();
    });
}
