import { randomUUID } from "node:crypto";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import { createLog } from "@waybill/process/log.ts";
import { CallbackServiceService } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import { openChannel, peer, type CallOptions } from "@waybill/rpc/client.ts";
import { implement, type Handlers } from "@waybill/rpc/handlers.ts";
import { startServer, type RpcServer } from "@waybill/rpc/server.ts";
import type { Collection, Db, MongoClient } from "mongodb";
import { inject, onTestFinished } from "vitest";
import { createIdempotency, keptCallsCollection, type Vault } from "../src/idempotency.ts";

export type ProfileHandlers = Handlers<null, typeof ProfileServiceService>;
type CallbackHandlers = Handlers<null, typeof CallbackServiceService>;

/** A database of one test file, in which handlers store things. */
export interface TestDatabase extends AsyncDisposable {
  client: MongoClient;
  db: Db;
  things: Collection<{ name: string }>;
  /** Stores a thing in a transaction. */
  store: (name: string) => Promise<void>;
  /** The names of the things that are there. */
  stored: () => Promise<string[]>;
  /** Forgets things and kept calls. */
  clear: () => Promise<void>;
}

export async function openTestDatabase(): Promise<TestDatabase> {
  const client = await connectMongo(inject("mongodbUrl"), new AbortController().signal, () => undefined);
  const db = client.db(`service_${randomUUID().slice(0, 8)}`);
  await ensureCollections(db, [keptCallsCollection, { name: "things", indexes: [] }]);
  const things = db.collection<{ name: string }>("things");
  const collections = [things, db.collection(keptCallsCollection.name)];
  return {
    client,
    db,
    things,
    store: (name) =>
      inTransaction(client, async (session) => void (await things.insertOne({ name }, { session }))),
    stored: async () => (await things.find().sort({ name: 1 }).toArray()).map(({ name }) => name),
    clear: async () => void (await Promise.all(collections.map((collection) => collection.deleteMany({})))),
    async [Symbol.asyncDispose]() {
      await db.dropDatabase();
      await client.close();
    },
  };
}

/** ProfileService and CallbackService, of which only the given methods are called. */
export async function startTestServer(
  { client, db }: TestDatabase,
  handlers: { profiles?: Partial<ProfileHandlers>; callbacks?: Partial<CallbackHandlers> },
  vault?: Vault,
): Promise<RpcServer> {
  const implementations = [
    implement(ProfileServiceService, (handlers.profiles ?? {}) as ProfileHandlers, null),
    ...(handlers.callbacks
      ? [implement(CallbackServiceService, handlers.callbacks as CallbackHandlers, null)]
      : []),
  ];
  const server = await startServer({
    host: "127.0.0.1",
    port: 0,
    log: createLog("test", "silent"),
    translate: mongoFailure,
    implementations,
    idempotency: createIdempotency({ client, db }, vault),
  });
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** The services at this port, as a client sees them. */
export function servicesAt(port: number) {
  const channel = openChannel("test", `127.0.0.1:${port}`);
  onTestFinished(() => channel[Symbol.dispose]());
  return { profiles: peer(channel, ProfileServiceService), callbacks: peer(channel, CallbackServiceService) };
}

/** A call of the tenant `t1` that may take 10 seconds. */
export function callWith(changes: Partial<CallOptions>): CallOptions {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  return { tenantId: "t1", requestId: "r1", traceparent, deadline: Date.now() + 10_000, ...changes };
}
