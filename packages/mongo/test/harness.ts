import { randomUUID } from "node:crypto";
import type { Db, MongoClient } from "mongodb";
import { inject, onTestFinished } from "vitest";
import { connectMongo } from "../src/connect.ts";

/** A database of one test. */
export async function testDatabase(): Promise<{ client: MongoClient; db: Db }> {
  const client = await connectMongo(inject("mongodbUrl"), new AbortController().signal, () => undefined);
  const db = client.db(`mongo_${randomUUID().slice(0, 8)}`);
  onTestFinished(async () => {
    await db.dropDatabase();
    await client.close();
  });
  return { client, db };
}
