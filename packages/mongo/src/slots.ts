import type { Collection, Db, Filter } from "mongodb";
import type { CollectionDeclaration } from "./collections.ts";

/** A share of some work that one process at a time does. */
export interface LeasedSlot {
  /** 0 to the number of slots − 1. */
  _id: number;
  /** Who holds the lease; null if nobody does. */
  owner: string | null;
  lease_until: Date;
}

interface MemberDocument {
  _id: string;
  seen_at: Date;
}

/** After this time without renewal a lease is free. */
export const LEASE_MS = 5_000;

/** What is shared, by names of its own. */
export interface SlotSharing<Slot extends LeasedSlot> {
  /** The collection of the slots. */
  slots: string;
  /** The collection of those who share them. */
  members: string;
  count: number;
  /** What a new slot has beyond its lease. */
  initial: () => Omit<Slot, keyof LeasedSlot>;
}

/** The collections of a sharing. */
export function slotCollections({
  slots,
  members,
}: Pick<SlotSharing<LeasedSlot>, "slots" | "members">): CollectionDeclaration[] {
  return [
    { name: slots, indexes: [] },
    { name: members, indexes: [{ name: "expiry", key: { seen_at: 1 }, expireAfterSeconds: 60 }] },
  ];
}

/** The slots of one member. All times are MongoDB's own, so that clocks of processes do not matter. */
export interface Slots<Slot extends LeasedSlot> {
  /** Makes the slots that are missing. */
  create: () => Promise<void>;
  /** Takes free slots up to this member's fair share, gives back those above it. Answers what it holds. */
  balance: () => Promise<Slot[]>;
  /** Keeps the leases of these slots. False if one of them belongs to another member now. */
  renew: (held: readonly number[]) => Promise<boolean>;
  /** Gives all slots back. */
  release: () => Promise<void>;
}

/** The slots in `db`, as the member `owner` sees them. */
export function sharedSlots<Slot extends LeasedSlot>(
  db: Db,
  owner: string,
  sharing: SlotSharing<Slot>,
): Slots<Slot> {
  const slots: Collection<LeasedSlot> = db.collection(sharing.slots);
  const members: Collection<MemberDocument> = db.collection(sharing.members);
  const held = () => slots.find({ owner }).sort({ _id: 1 }).toArray() as Promise<Slot[]>;
  const show = () => members.updateOne({ _id: owner }, [{ $set: { seen_at: "$$NOW" } }], { upsert: true });
  return {
    create: () => createSlots(slots, sharing),
    async balance() {
      await show();
      const alive = await members.countDocuments({ $expr: { $gt: ["$seen_at", before(LEASE_MS)] } });
      const share = Math.ceil(sharing.count / Math.max(1, alive));
      const mine = await held();
      const surplus = mine.slice(share).map(({ _id }) => _id);
      if (surplus.length > 0) await slots.updateMany({ _id: { $in: surplus }, owner }, free);
      if (mine.length < share) await takeFree(slots, owner, share - mine.length);
      return mine.length === share ? mine : held();
    },
    async renew(ids) {
      await show();
      const { matchedCount } = await slots.updateMany(heldBy(owner, ids), [
        { $set: { lease_until: after(LEASE_MS) } },
      ]);
      return matchedCount === ids.length;
    },
    async release() {
      await slots.updateMany({ owner }, free);
      await members.deleteOne({ _id: owner });
    },
  };
}

/** Those of these slots that are still the owner's. */
export function heldBy(owner: string, ids: readonly number[]): Filter<LeasedSlot> {
  return { _id: { $in: [...ids] }, owner };
}

const free = { $set: { owner: null } };

async function createSlots<Slot extends LeasedSlot>(
  slots: Collection<LeasedSlot>,
  { count, initial }: SlotSharing<Slot>,
): Promise<void> {
  const all = Array.from({ length: count }, (_, _id) => {
    const made: Partial<LeasedSlot> = { owner: null, lease_until: new Date(0), ...initial() };
    return { updateOne: { filter: { _id }, update: { $setOnInsert: made }, upsert: true } };
  });
  await slots.bulkWrite(all, { ordered: false });
}

async function takeFree(slots: Collection<LeasedSlot>, owner: string, count: number): Promise<void> {
  for (let taken = 0; taken < count; taken += 1) {
    const found = await slots.findOneAndUpdate(
      { $or: [{ owner: null }, { $expr: { $lt: ["$lease_until", "$$NOW"] } }] },
      [{ $set: { owner, lease_until: after(LEASE_MS) } }],
      { sort: { _id: 1 } },
    );
    if (found === null) return;
  }
}

function after(ms: number) {
  return { $add: ["$$NOW", ms] };
}

function before(ms: number) {
  return { $subtract: ["$$NOW", ms] };
}
