import { SLOTS, slotOf } from "@waybill/events/outbox.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { LEASE_MS, sharedSlots, slotCollections, type LeasedSlot, type Slots } from "@waybill/mongo/slots.ts";
import type { Logger } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
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
interface Ownership extends AsyncDisposable {
  owns: (callbackId: string) => boolean;
}

/**
 * Takes part in sharing the registrations until it is disposed: they are spread over slots, which instances
 * hold by leases. `gained` is called when others became this one's.
 */
export function shareRegistrations(db: Db, log: Logger, gained: () => void): Ownership {
  const share = new Share(sharedSlots<LeasedSlot>(db, newId(), sharing), log, gained);
  return {
    owns: (callbackId) => share.owns(callbackId),
    [Symbol.asyncDispose]: () => share[Symbol.asyncDispose](),
  };
}

class Share implements AsyncDisposable {
  readonly #slots: Slots<LeasedSlot>;
  readonly #log: Logger;
  readonly #gained: () => void;
  readonly #keeping: AsyncDisposable;
  #held: ReadonlySet<number> = new Set();
  /** Until when the leases hold at least, by this process' clock. */
  #holdsUntilMs = 0;
  #isMade = false;
  #rounds = 0;

  constructor(slots: Slots<LeasedSlot>, log: Logger, gained: () => void) {
    this.#slots = slots;
    this.#log = log;
    this.#gained = gained;
    // When a round fails the slots are this one's for as long as their leases hold.
    this.#keeping = repeat(log, "ownership", RENEW_MS, () => this.#nextRound());
  }

  owns(callbackId: string): boolean {
    return performance.now() < this.#holdsUntilMs && this.#held.has(slotOf(callbackId));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#keeping[Symbol.asyncDispose]();
    this.#holdsUntilMs = 0;
    await this.#slots.release().catch(() => undefined);
  }

  async #nextRound(): Promise<void> {
    const isBalancing = this.#rounds % BALANCE_EVERY === 0;
    this.#rounds += 1;
    if (!this.#isMade) await this.#slots.create();
    this.#isMade = true;
    await this.#keep(isBalancing);
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
