import { MongoClient } from "mongodb";
import type { GivenEngine } from "../engine/engine.ts";
import { messageOf } from "../engine/readiness.ts";

const ANSWER_WITHIN_MS = 5000;

/**
 * The MongoDB of a `MONGODB_URL`.
 * @throws when it doesn't answer, or has no transactions and change streams. No message holds a password.
 */
export async function givenMongodb(url: string): Promise<GivenEngine> {
  const shown = url.replace(/\/\/[^/]*@/, "//***@");
  const kind = await kindOf(url).catch((error: unknown) => {
    throw new Error(`MONGODB_URL (${shown}) gives no usable MongoDB: ${messageOf(error)}`);
  });
  if (kind === "single server") {
    throw new Error(
      `MONGODB_URL (${shown}) is a single server, without transactions and change streams: ` +
        "start it with --replSet and call rs.initiate() once, or name a replica set or a sharded cluster",
    );
  }
  return { owned: false, address: url, origin: `MongoDB of MONGODB_URL (${kind})`, stop: async () => {} };
}

async function kindOf(url: string): Promise<"replica set" | "sharded cluster" | "single server"> {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: ANSWER_WITHIN_MS });
  try {
    const hello = await client.db("admin").command({ hello: 1 });
    if (hello["setName"]) return "replica set";
    return hello["msg"] === "isdbgrid" ? "sharded cluster" : "single server";
  } finally {
    await client.close();
  }
}
