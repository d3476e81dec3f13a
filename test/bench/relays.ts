import { outboxEnd } from "@waybill/events/relay/outbox-stream.ts";
import type { Collection, MongoClient } from "mongodb";
import { until } from "./until.ts";

const databases = ["orders", "line_items", "groupings", "callbacks"];
const NEVER = new Date("2100-01-01T00:00:00Z");

/** A relay, as it shows itself to the others. */
interface RelayDocument {
  _id: string;
  seen_at: Date;
}

/**
 * Takes all slots from the relays, as another relay would that had taken them first. Resolves when what was
 * on its way has ended: from then on nothing is published.
 */
export async function stopRelays(mongo: MongoClient): Promise<void> {
  await eachSlot(mongo, { owner: "bench", lease_until: NEVER });
  await Promise.all(databases.map((name) => noticed(mongo.db(name).collection<RelayDocument>("relays"))));
}

/** Gives them back: each relay publishes from where it was. */
export async function releaseRelays(mongo: MongoClient): Promise<void> {
  await eachSlot(mongo, { owner: null });
}

/** Lets the relays begin at what is committed from now on, as if what came before were published. */
export async function skipBacklog(mongo: MongoClient): Promise<void> {
  // Without a token a relay publishes again what was made in the last minutes, since it can't tell what of
  // it was published.
  const { token, publishedTo } = await outboxEnd(mongo.db("orders"));
  await eachSlot(mongo, { token, published_to: publishedTo });
}

// A relay shows itself before it looks at its slots, and next when it has ended what it did with those that
// it lost: it has stopped once it was seen twice more.
async function noticed(relays: Collection<RelayDocument>): Promise<void> {
  for (let more = 0; more < 2; more += 1) {
    const before = await lastSeen(relays);
    await until("the relays have noticed that their slots are gone", async () => {
      const now = await lastSeen(relays);
      return [...before].every(([id, atMs]) => now.get(id) !== atMs);
    });
  }
}

async function lastSeen(relays: Collection<RelayDocument>): Promise<Map<string, number>> {
  return new Map((await relays.find().toArray()).map(({ _id, seen_at }) => [_id, seen_at.getTime()]));
}

async function eachSlot(mongo: MongoClient, change: Record<string, unknown>): Promise<void> {
  for (const name of databases)
    await mongo.db(name).collection("relay_slots").updateMany({}, { $set: change });
}
