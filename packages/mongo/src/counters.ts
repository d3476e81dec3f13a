import type { Collection, Db } from "mongodb";
import type { CollectionDeclaration } from "./collections.ts";

interface CounterDocument {
  /** `<tenant>:<what is counted>`. */
  _id: string;
  /** The first number that no process has taken. */
  next: number;
}

/** The collection that counters live in. */
export const countersCollection: CollectionDeclaration = { name: "counters", indexes: [] };

/** Gives numbers that no other call of any process gets. */
export interface Counter {
  /** `count` numbers of the tenant, ascending. Numbers may be skipped, when a process ends. */
  take: (tenantId: string, count: number) => Promise<number[]>;
}

/** A counter that starts at `first` per tenant and takes `block` numbers from the database at a time. */
export function createCounter(db: Db, name: string, first: number, block: number): Counter {
  const counters: Collection<CounterDocument> = db.collection(countersCollection.name);
  const blocks = new Map<string, { next: number; end: number }>();
  const reserve = async (tenantId: string, count: number): Promise<number[]> => {
    const free = blocks.get(tenantId) ?? { next: 0, end: 0 };
    const taken = range(free.next, Math.min(free.next + count, free.end));
    blocks.set(tenantId, { next: free.next + taken.length, end: free.end });
    if (taken.length === count) return taken;
    const missing = count - taken.length;
    const size = Math.max(block, missing);
    const start = await takeBlock(counters, `${tenantId}:${name}`, first, size);
    // Another call may have taken a block meanwhile: its rest is skipped.
    blocks.set(tenantId, { next: start + missing, end: start + size });
    return [...taken, ...range(start, start + missing)];
  };
  return { take: reserve };
}

async function takeBlock(
  counters: Collection<CounterDocument>,
  id: string,
  first: number,
  size: number,
): Promise<number> {
  const counter = await counters.findOneAndUpdate(
    { _id: id },
    [{ $set: { next: { $add: [{ $ifNull: ["$next", first] }, size] } } }],
    { upsert: true, returnDocument: "after" },
  );
  return counter!.next - size;
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, index) => start + index);
}
