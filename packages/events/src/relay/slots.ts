import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { Collection, Db } from "mongodb";
import { SLOTS } from "../outbox.ts";

/** How far the events of one slot are published, and by whom. */
export interface SlotDocument {
  /** 0 to SLOTS − 1. */
  _id: number;
  /** The relay that holds the lease; null if none does. */
  owner: string | null;
  lease_until: Date;
  /** The change stream's resume token behind the last acknowledged row; null: none yet. */
  token: string | null;
  /** Every row older than this is published: where a rescan starts, if the token is of no use. */
  published_to: Date;
}

interface RelayDocument {
  _id: string;
  seen_at: Date;
}

/** After this time without renewal a lease is free. */
export const LEASE_MS = 5_000;

const slotsName = "relay_slots";
const relaysName = "relays";

/** The collections that relays share the outbox by. */
export const relayCollections: readonly CollectionDeclaration[] = [
  { name: slotsName, indexes: [] },
  { name: relaysName, indexes: [{ name: "expiry", key: { seen_at: 1 }, expireAfterSeconds: 60 }] },
];

/** The slots of one relay. All times are MongoDB's own, so that clocks of processes do not matter. */
export interface RelaySlots {
  /** Makes the slots that are missing. Before the first event is written, so that none is missed. */
  create: () => Promise<void>;
  /** Takes free slots up to this relay's fair share, gives back those above it. Answers what it holds. */
  balance: () => Promise<SlotDocument[]>;
  /** Keeps the leases of these slots. False if one of them belongs to another relay now. */
  renew: (held: readonly number[]) => Promise<boolean>;
  /** Stores how far these slots are published. False if one of them belongs to another relay now. */
  save: (held: readonly number[], token: string | null, publishedTo: Date) => Promise<boolean>;
  /** Gives all slots back. */
  release: () => Promise<void>;
}

/** The slots in `db`, as the relay `owner` sees them. */
export function relaySlots(db: Db, owner: string): RelaySlots {
  const slots: Collection<SlotDocument> = db.collection(slotsName);
  const relays: Collection<RelayDocument> = db.collection(relaysName);
  const mine = (held: readonly number[]) => ({ _id: { $in: [...held] }, owner });
  return {
    create: () => createSlots(slots),
    async balance() {
      await relays.updateOne({ _id: owner }, [{ $set: { seen_at: "$$NOW" } }], { upsert: true });
      const alive = await relays.countDocuments({ $expr: { $gt: ["$seen_at", before(LEASE_MS)] } });
      const share = Math.ceil(SLOTS / Math.max(1, alive));
      const held = await slots.find({ owner }).sort({ _id: 1 }).toArray();
      if (held.length > share)
        await free(
          slots,
          owner,
          held.slice(share).map(({ _id }) => _id),
        );
      if (held.length < share) await takeFree(slots, owner, share - held.length);
      return slots.find({ owner }).sort({ _id: 1 }).toArray();
    },
    async renew(held) {
      await relays.updateOne({ _id: owner }, [{ $set: { seen_at: "$$NOW" } }], { upsert: true });
      const { matchedCount } = await slots.updateMany(mine(held), [
        { $set: { lease_until: after(LEASE_MS) } },
      ]);
      return matchedCount === held.length;
    },
    async save(held, token, publishedTo) {
      const { matchedCount } = await slots.updateMany(mine(held), {
        $set: { token, published_to: publishedTo },
      });
      return matchedCount === held.length;
    },
    async release() {
      await slots.updateMany({ owner }, { $set: { owner: null } });
      await relays.deleteOne({ _id: owner });
    },
  };
}

async function createSlots(slots: Collection<SlotDocument>): Promise<void> {
  const all = Array.from({ length: SLOTS }, (_, slot) => ({
    updateOne: {
      filter: { _id: slot },
      update: {
        $setOnInsert: { owner: null, lease_until: new Date(0), token: null, published_to: new Date() },
      },
      upsert: true,
    },
  }));
  await slots.bulkWrite(all, { ordered: false });
}

async function takeFree(slots: Collection<SlotDocument>, owner: string, count: number): Promise<void> {
  for (let taken = 0; taken < count; taken += 1) {
    const found = await slots.findOneAndUpdate(
      { $or: [{ owner: null }, { $expr: { $lt: ["$lease_until", "$$NOW"] } }] },
      [{ $set: { owner, lease_until: after(LEASE_MS) } }],
      { sort: { _id: 1 } },
    );
    if (found === null) return;
  }
}

async function free(slots: Collection<SlotDocument>, owner: string, ids: readonly number[]): Promise<void> {
  await slots.updateMany({ _id: { $in: [...ids] }, owner }, { $set: { owner: null } });
}

function after(ms: number) {
  return { $add: ["$$NOW", ms] };
}

function before(ms: number) {
  return { $subtract: ["$$NOW", ms] };
}
