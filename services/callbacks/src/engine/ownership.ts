import { setTimeout as delay } from "node:timers/promises";
import { SLOTS, slotOf } from "@waybill/events/outbox.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { LEASE_MS, sharedSlots, slotCollections, type LeasedSlot, type Slots } from "@waybill/mongo/slots.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { Db } from "mongodb";

const RENEW_MS = 1_500;
/** The share is looked at with every so many renewals. */
const BALANCE_EVERY = 3;
/** An owner stops to be one this long before others may take its place. */
const MARGIN_MS = 1_000;

const sharing = { slots: "slots", members: "members", count: SLOTS, initial: () => ({}) };

/** The collections that instances share registrations by. */
export const ownershipCollections = slotCollections(sharing);

/** Which registrations this instance sends to: each has one sender at a time. */
export interface Ownership extends AsyncDisposable {
  owns: (callbackId: string) => boolean;
}

/**
 * Takes part in sharing the registrations until it is disposed: they are spread over slots, which instances
 * hold by leases. `gained` is called when others became this one's.
 */
export function shareRegistrations(db: Db, log: Logger, gained: () => void): Ownership {
  const share = new Share(sharedSlots<LeasedSlot>(db, newId(), sharing), log, gained);
  const running = share.run();
  return {
    owns: (callbackId) => share.owns(callbackId),
    async [Symbol.asyncDispose]() {
      share.stop();
      await running;
    },
  };
}

class Share {
  readonly #slots: Slots<LeasedSlot>;
  readonly #log: Logger;
  readonly #gained: () => void;
  readonly #stopping = new AbortController();
  #held: ReadonlySet<number> = new Set();
  /** Until when the leases hold at least, by this process' clock. */
  #holdsUntilMs = 0;

  constructor(slots: Slots<LeasedSlot>, log: Logger, gained: () => void) {
    this.#slots = slots;
    this.#log = log;
    this.#gained = gained;
  }

  owns(callbackId: string): boolean {
    return performance.now() < this.#holdsUntilMs && this.#held.has(slotOf(callbackId));
  }

  stop(): void {
    this.#stopping.abort();
  }

  async run(): Promise<void> {
    const { signal } = this.#stopping;
    let isMade = false;
    for (let round = 0; !signal.aborted; round += 1) {
      try {
        if (!isMade) await this.#slots.create();
        isMade = true;
        await this.#keep(round % BALANCE_EVERY === 0);
      } catch (error) {
        // The slots are this one's for as long as their leases hold.
        this.#log.warn(errorFacts(error), "ownership.interrupted");
      }
      await delay(RENEW_MS, undefined, { signal }).catch(() => undefined);
    }
    this.#holdsUntilMs = 0;
    await this.#slots.release().catch(() => undefined);
  }

  async #keep(isBalancing: boolean): Promise<void> {
    if (!isBalancing && (await this.#renew(this.#held))) return;
    const held = new Set((await this.#slots.balance()).map(({ _id }) => _id));
    if (!(await this.#renew(held))) throw new Error("slots were taken while they were counted");
    const isMore = [...held].some((slot) => !this.#held.has(slot));
    const isSame = !isMore && held.size === this.#held.size;
    this.#held = held;
    if (!isSame) this.#log.info({ slots: [...held] }, "ownership.slots_held");
    if (isMore) this.#gained();
  }

  /** False if one of the slots is another one's now: then none counts as held. */
  async #renew(held: ReadonlySet<number>): Promise<boolean> {
    const beganMs = performance.now();
    const isKept = await this.#slots.renew([...held]);
    this.#holdsUntilMs = isKept ? beganMs + LEASE_MS - MARGIN_MS : 0;
    return isKept;
  }
}
