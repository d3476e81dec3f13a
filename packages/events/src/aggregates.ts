import { setTimeout as delay } from "node:timers/promises";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type {
  ClientSession,
  Collection,
  Filter,
  MongoClient,
  OptionalUnlessRequiredId,
  WithoutId,
} from "mongodb";
import { toOutboxRows, type NewEvent, type OutboxRow } from "./outbox.ts";

/** What every aggregate's document has. */
export interface AggregateDocument {
  _id: string;
  tenant_id: string;
  /** Counts its writes, from 1: the guard of every update. */
  version: number;
  /** The sequence of its last event; 0 if it has none. */
  sequence: number;
  /** RFC 3339, UTC; later with every write. */
  updated_at: string;
}

/** Where aggregates of one kind are stored, with the outbox of the same database. */
export interface AggregateStore<Document extends AggregateDocument> {
  client: MongoClient;
  collection: Collection<Document>;
  outbox: Collection<OutboxRow>;
}

/** What a rule decides: the next state, and what happened. */
export interface Decision<Document> {
  state: Document;
  events: readonly NewEvent[];
}

const UPDATE_ATTEMPTS_MAX = 8;
const RETRY_MS_MAX = 40;

/** A decision to create, with the trace of the request that asked for it. */
export interface Creation<Document> extends Decision<Document> {
  traceparent: string;
}

/**
 * Inserts new aggregates with the events of their creation, all or none. `version` and `sequence` are set
 * here. Rejects with MongoDB's duplicate-key error if one of them is there already. `beforeCommit` may
 * throw to give the attempt up.
 */
export async function insertAggregates<Document extends AggregateDocument>(
  store: AggregateStore<Document>,
  creations: readonly Creation<Document>[],
  beforeCommit: () => void = () => undefined,
): Promise<void> {
  const rows: OutboxRow[] = [];
  const documents: Document[] = [];
  for (const { state, events, traceparent } of creations) {
    rows.push(...toOutboxRows(eventSource(state, 0, state.updated_at, traceparent), events));
    documents.push({ ...state, version: 1, sequence: events.length });
  }
  await inTransaction(store.client, async (session) => {
    await store.collection.insertMany(documents as OptionalUnlessRequiredId<Document>[], { session });
    if (rows.length > 0) await store.outbox.insertMany(rows, { session });
    beforeCommit();
  });
}

/**
 * Changes one aggregate: loads it, lets `decide` decide, and writes the document and its events in one
 * transaction, guarded by the version it read. When another write came first, it decides again on the new
 * state. `decide` is pure; to refuse, it throws. Answers the state that holds afterwards, null if there is
 * no such aggregate. Rejects with `CONFLICT` when others keep winning.
 */
export async function updateAggregate<Document extends AggregateDocument>(
  store: AggregateStore<Document>,
  filter: Filter<Document>,
  decide: (state: Document, now: string) => Decision<Document>,
  traceparent: string,
): Promise<Document | null> {
  for (let attempt = 1; attempt <= UPDATE_ATTEMPTS_MAX; attempt += 1) {
    const current = (await store.collection.findOne(filter)) as Document | null;
    if (current === null) return null;
    const now = laterThan(current.updated_at);
    const { state, events } = decide(current, now);
    if (state === current && events.length === 0) return current;
    const rows = toOutboxRows(eventSource(current, current.sequence, now, traceparent), events);
    const next = {
      ...state,
      version: current.version + 1,
      sequence: current.sequence + rows.length,
      updated_at: now,
    };
    if (await inTransaction(store.client, (session) => write(store, current, next, rows, session)))
      return next;
    await delay(Math.random() * RETRY_MS_MAX);
  }
  throw new DomainError("CONFLICT");
}

/** The time of a change: now, and in any case after the aggregate's last change, so that events sort by time. */
function laterThan(updatedAt: string): string {
  return new Date(Math.max(Date.now(), Date.parse(updatedAt) + 1)).toISOString();
}

function eventSource(state: AggregateDocument, lastSequence: number, time: string, traceparent: string) {
  return { tenantId: state.tenant_id, aggregateId: state._id, lastSequence, time, traceparent };
}

async function write<Document extends AggregateDocument>(
  { collection, outbox }: AggregateStore<Document>,
  current: Document,
  next: Document,
  rows: OutboxRow[],
  session: ClientSession,
): Promise<boolean> {
  const guard = { _id: current._id, version: current.version } as Filter<Document>;
  const { matchedCount } = await collection.replaceOne(guard, next as unknown as WithoutId<Document>, {
    session,
  });
  if (matchedCount === 0) return false;
  if (rows.length > 0) await outbox.insertMany(rows, { session });
  return true;
}
