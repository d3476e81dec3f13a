import { connectMongo } from "@waybill/mongo/connect.ts";
import type { Db } from "mongodb";
import { inject, onTestFinished } from "vitest";
import type { CallbacksContext } from "../src/context.ts";
import { mongoQueue } from "../src/engine/queue/mongo-queue.ts";

/** What a handler works with, on the database of an instance, which is woken by nobody. Of one test. */
export async function contextBeside({ databaseName }: Db): Promise<CallbacksContext> {
  const client = await connectMongo(inject("mongodbUrl"), new AbortController().signal, () => undefined);
  onTestFinished(() => client.close());
  const db = client.db(databaseName);
  const stored = {
    client,
    callbacks: db.collection("callbacks"),
    deliveries: db.collection("deliveries"),
    attempts: db.collection("attempts"),
    lanes: db.collection("lanes"),
    outbox: db.collection("outbox"),
  } as unknown as CallbacksContext;
  return { ...stored, queue: mongoQueue(stored, 60_000), wake: () => undefined };
}
