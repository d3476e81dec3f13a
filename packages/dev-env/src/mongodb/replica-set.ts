import { MongoClient, MongoServerError, type Db } from "mongodb";
import type { Life } from "../engine/engine.ts";
import type { MongodbOptions } from "./options.ts";
import { portOpen, untilAnswering } from "../engine/readiness.ts";

const REPLICA_SET = "rs0";
const NOT_YET_INITIALIZED = 94;

interface ReplicaSetConfig {
  version: number;
  members: { _id: number; host: string }[];
}

/** The address by which a driver reaches a one-member set, whatever its configuration calls the member. */
export function directAddress(host: string, port: number): string {
  return `mongodb://${host}:${port}/?directConnection=true`;
}

/** A mongod's arguments, apart from where its data is and on which addresses it listens. */
export function mongodArguments(port: number, { testCommands }: MongodbOptions): string[] {
  const args = ["--port", String(port), "--replSet", REPLICA_SET, "--wiredTigerCacheSizeGB", "0.5"];
  args.push("--oplogSize", "1024", "--setParameter", "diagnosticDataCollectionEnabled=false");
  // There is no other member to hand over to.
  args.push("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=0");
  // A client killed in the middle of a transaction leaves its documents locked for this long, by default a
  // minute. No transaction of Waybill's lives longer than 10 seconds.
  args.push("--setParameter", "transactionLifetimeLimitSeconds=12");
  if (testCommands) args.push("--setParameter", "enableTestCommands=1");
  return args;
}

/**
 * Waits for the mongod, makes it a replica set whose only member is itself, and waits until it can be
 * written to.
 */
export async function untilPrimary(life: Life, host: string, port: number, withinMs: number): Promise<void> {
  const deadline = Date.now() + withinMs;
  const left = () => Math.max(0, deadline - Date.now());
  // The driver waits half a second between attempts to connect, so it starts when there is someone to talk to.
  await untilAnswering(life, withinMs, () => portOpen(host, port));
  const ask = (question: (admin: Db) => Promise<void>) =>
    untilAnswering(life, left(), () => withAdmin(directAddress(host, port), question));
  await ask((admin) => configure(admin, `127.0.0.1:${port}`));
  await ask(assertPrimary);
}

/** With a client of its own each time: one that could not connect once answers nothing any more. */
async function withAdmin(address: string, question: (admin: Db) => Promise<void>): Promise<void> {
  const client = new MongoClient(address, { serverSelectionTimeoutMS: 2000 });
  try {
    await question(client.db("admin"));
  } finally {
    await client.close();
  }
}

async function assertPrimary(admin: Db): Promise<void> {
  const hello = await admin.command({ hello: 1 });
  if (!hello["isWritablePrimary"]) throw new Error("it is not the primary of its replica set");
}

async function configure(admin: Db, member: string): Promise<void> {
  const config = await currentConfig(admin);
  if (!config) {
    const members = [{ _id: 0, host: member }];
    await admin.command({ replSetInitiate: { _id: REPLICA_SET, members } });
  } else if (config.members[0]?.host !== member) {
    // Under another port than its last one the node doesn't find itself in the set and would stay out of it.
    const members = [{ ...config.members[0], _id: 0, host: member }];
    const next = { ...config, version: config.version + 1, members };
    await admin.command({ replSetReconfig: next, force: true });
  }
}

async function currentConfig(admin: Db): Promise<ReplicaSetConfig | undefined> {
  try {
    const answer = await admin.command({ replSetGetConfig: 1 });
    return answer["config"];
  } catch (error) {
    if (error instanceof MongoServerError && error.code === NOT_YET_INITIALIZED) return undefined;
    throw error;
  }
}
