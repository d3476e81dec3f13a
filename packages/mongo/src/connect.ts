import { setTimeout as delay } from "node:timers/promises";
import { MongoClient } from "mongodb";

/** A write counts once a majority has it in its journal; a read sees only such writes. */
const options = {
  writeConcern: { w: "majority", journal: true },
  readConcern: { level: "majority" },
  readPreference: "primary",
  retryWrites: true,
  ignoreUndefined: true,
  // Well below a call's deadline, so that a caller learns that the database is down, not that time ran out.
  serverSelectionTimeoutMS: 3_000,
  connectTimeoutMS: 3_000,
  socketTimeoutMS: 30_000,
  maxPoolSize: 50,
} as const;

const RETRY_MS = 500;

/**
 * Connects to MongoDB, and keeps trying until it answers: a service whose database is not there yet waits
 * for it. Rejects only when `signal` aborts. `waiting` is told once that it waits.
 */
export async function connectMongo(
  url: string,
  signal: AbortSignal,
  waiting: (error: unknown) => void,
): Promise<MongoClient> {
  for (let attempt = 1; ; attempt += 1) {
    signal.throwIfAborted();
    const client = new MongoClient(url, options);
    try {
      await client.connect();
      await client.db("admin").command({ ping: 1 });
      return client;
    } catch (error) {
      await client.close();
      if (attempt === 1) waiting(error);
      await delay(RETRY_MS, undefined, { signal });
    }
  }
}
