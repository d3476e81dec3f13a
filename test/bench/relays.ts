import { setTimeout as delay } from "node:timers/promises";
import { LEASE_MS } from "@waybill/mongo/slots.ts";
import type { MongoClient } from "mongodb";

const databases = ["orders", "line_items", "groupings", "callbacks"];
const NEVER = new Date("2100-01-01T00:00:00Z");

/** Takes all slots from the relays, as another relay would that had taken them first: nothing is published. */
export async function stopRelays(mongo: MongoClient): Promise<void> {
  await eachSlot(mongo, { owner: "bench", lease_until: NEVER });
  // Until each has noticed.
  await delay(LEASE_MS);
}

/** Gives them back: each relay publishes from where it was. */
export async function releaseRelays(mongo: MongoClient): Promise<void> {
  await eachSlot(mongo, { owner: null });
}

/** Lets the relays begin at what is committed from now on, as if what came before were published. */
export async function skipBacklog(mongo: MongoClient): Promise<void> {
  await eachSlot(mongo, { token: null, published_to: new Date() });
}

async function eachSlot(mongo: MongoClient, change: Record<string, unknown>): Promise<void> {
  for (const name of databases)
    await mongo.db(name).collection("relay_slots").updateMany({}, { $set: change });
}
