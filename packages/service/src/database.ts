import { ensureCollections, type CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import { countersCollection } from "@waybill/mongo/counters.ts";
import { errorFacts } from "@waybill/process/log.ts";
import type { ProcessContext } from "@waybill/process/run.ts";
import { text } from "@waybill/process/settings.ts";
import type { Db, MongoClient } from "mongodb";
import type { AggregateDocument, AggregateStore } from "@waybill/events/aggregates.ts";
import { createKafka, type KafkaConfig } from "@waybill/events/kafka.ts";
import { outboxCollection } from "@waybill/events/outbox.ts";
import { ensureTopics, topics } from "@waybill/events/topics.ts";
import { relayCollections } from "@waybill/events/relay/slots.ts";
import { startRelay } from "@waybill/events/relay/start-relay.ts";
import { keptCallsCollection } from "./idempotency.ts";

/** The settings of a service with a database of its own. */
export function databaseSettings(database: string) {
  return {
    MONGODB_URL: text(
      "mongodb://127.0.0.1:27018/?directConnection=true",
      "MongoDB: a replica set or a sharded cluster; may hold a password",
    ),
    DATABASE: text(database, "the name of this service's database"),
  };
}

export interface DatabaseConfig {
  service: string;
  logLevel: string;
  mongodbUrl: string;
  database: string;
  kafka: KafkaConfig;
}

/** The database of a service, whose outbox is being published. */
export interface ServiceDatabase extends AsyncDisposable {
  client: MongoClient;
  db: Db;
  /** Null while the database answers, else a reason, for /readyz. */
  ready: () => Promise<string | null>;
}

/**
 * Connects (waiting for MongoDB as long as it takes), makes the collections and indexes that are missing,
 * and starts the relay. Kafka need not be there: events wait in the outbox.
 */
export async function openDatabase(
  config: DatabaseConfig,
  collections: readonly CollectionDeclaration[],
  process: ProcessContext,
): Promise<ServiceDatabase> {
  const { client, db } = await connectAndEnsure(config, collections, process);
  const relay = await startRelay(db, config);
  return {
    client,
    db,
    ready: () => ping(db),
    async [Symbol.asyncDispose]() {
      await relay[Symbol.asyncDispose]();
      await client.close();
    },
  };
}

/** Makes what is missing of a service's collections, indexes and topics. @throws if Kafka is not there. */
export async function prepareDatabase(
  config: DatabaseConfig,
  collections: readonly CollectionDeclaration[],
  process: ProcessContext,
): Promise<void> {
  const { client } = await connectAndEnsure(config, collections, process);
  await client.close();
  const admin = createKafka(`waybill-prepare-${config.service}`, config.kafka.brokers, process.log).admin();
  try {
    await admin.connect();
    await ensureTopics(admin, Object.values(topics), config.kafka);
  } finally {
    await admin.disconnect();
  }
}

async function connectAndEnsure(
  { mongodbUrl, database }: DatabaseConfig,
  collections: readonly CollectionDeclaration[],
  { log, signal }: ProcessContext,
): Promise<Pick<ServiceDatabase, "client" | "db">> {
  const client = await connectMongo(mongodbUrl, signal, (error) =>
    log.warn(errorFacts(error), "process.waiting_for_mongodb"),
  );
  const db = client.db(database);
  const own = [outboxCollection, countersCollection, keptCallsCollection, ...relayCollections];
  await ensureCollections(db, [...collections, ...own]);
  return { client, db };
}

/** The store of one kind of aggregates in that database. */
export function aggregateStore<Document extends AggregateDocument>(
  { client, db }: Pick<ServiceDatabase, "client" | "db">,
  collection: CollectionDeclaration,
): AggregateStore<Document> {
  return { client, collection: db.collection(collection.name), outbox: db.collection(outboxCollection.name) };
}

async function ping(db: Db): Promise<string | null> {
  try {
    await db.command({ ping: 1, maxTimeMS: 1_000 });
    return null;
  } catch {
    return "MongoDB does not answer";
  }
}
