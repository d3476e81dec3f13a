import {
  heldBy,
  sharedSlots,
  slotCollections,
  type LeasedSlot,
  type Slots,
  type SlotSharing,
} from "@waybill/mongo/slots.ts";
import type { Collection, Db } from "mongodb";
import { SLOTS } from "../outbox.ts";

/** How far the events of one slot are published, and by whom. */
export interface SlotDocument extends LeasedSlot {
  /** The change stream's resume token behind the last acknowledged row; null: none yet. */
  token: string | null;
  /** Every row older than this is published: where a rescan starts, if the token is of no use. */
  published_to: Date;
}

const sharing: SlotSharing<SlotDocument> = {
  slots: "relay_slots",
  members: "relays",
  count: SLOTS,
  initial: () => ({ token: null, published_to: new Date() }),
};

/** The collections that relays share the outbox by. */
export const relayCollections = slotCollections(sharing);

/**
 * The slots of one relay. They have to be there before the first event is written, so that none is missed.
 */
export interface RelaySlots extends Slots<SlotDocument> {
  /** Stores how far these slots are published. False if one of them belongs to another relay now. */
  save: (held: readonly number[], token: string | null, publishedTo: Date) => Promise<boolean>;
}

/** The slots in `db`, as the relay `owner` sees them. */
export function relaySlots(db: Db, owner: string): RelaySlots {
  const slots: Collection<LeasedSlot> = db.collection(sharing.slots);
  return {
    ...sharedSlots(db, owner, sharing),
    async save(held, token, publishedTo) {
      const { matchedCount } = await slots.updateMany(heldBy(owner, held), {
        $set: { token, published_to: publishedTo },
      });
      return matchedCount === held.length;
    },
  };
}
