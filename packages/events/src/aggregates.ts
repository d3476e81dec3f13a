import { inTransaction } from "@waybill/mongo/transaction.ts";
import type {
  AnyBulkWriteOperation,
  ClientSession,
  Collection,
  Filter,
  MongoClient,
  OptionalId,
  OptionalUnlessRequiredId,
  WithoutId,
} from "mongodb";
import { toOutboxRows, type NewEvent, type OutboxRow } from "./outbox.ts";

/** What every aggregate's document has. */
export interface AggregateDocument {
  _id: string;
  tenant_id: string;
  /** Counts its writes, from 1. */
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

/** What every new aggregate starts with. */
export function newAggregate(id: string, tenantId: string, now: string): AggregateDocument {
  return { _id: id, tenant_id: tenantId, version: 1, sequence: 0, updated_at: now };
}

/** A decision to create, with the trace of the request that asked for it. */
export interface Creation<Document> extends Decision<Document> {
  traceparent: string;
}

/**
 * Inserts new aggregates (`newAggregate`) with the events of their creation, all or none. Rejects with
 * MongoDB's duplicate-key error if one of them is there already. `beforeCommit` may write more with the
 * session, and may throw to give the attempt up.
 */
export async function insertAggregates<Document extends AggregateDocument>(
  store: AggregateStore<Document>,
  creations: readonly Creation<Document>[],
  beforeCommit: (session: ClientSession) => void | Promise<void> = () => undefined,
): Promise<void> {
  const rows: OutboxRow[] = [];
  for (const { state, events, traceparent } of creations)
    rows.push(...rowsOf(state, events, traceparent, rows.length));
  const documents = creations.map(({ state, events }) => ({ ...state, sequence: events.length }));
  await inTransaction(store.client, async (session) => {
    await store.collection.insertMany(documents as OptionalUnlessRequiredId<Document>[], { session });
    if (rows.length > 0) await store.outbox.insertMany(rows, { session });
    await beforeCommit(session);
  });
}

/**
 * Changes one aggregate in a transaction of its own, see `changeAggregate`. When another write comes first,
 * MongoDB lets the transaction run again, on the new state, for up to TRANSACTION_MS_MAX.
 */
export function updateAggregate<Document extends AggregateDocument>(
  store: AggregateStore<Document>,
  filter: Filter<Document>,
  decide: (state: Document) => Decision<Document>,
  traceparent: string,
): Promise<Document | null> {
  return inTransaction(store.client, (session) =>
    changeAggregate(store, filter, decide, traceparent, session),
  );
}

/**
 * Changes one aggregate as part of the caller's transaction: loads it, lets `decide` decide, and writes the
 * document and its events. `decide` gets the state with the version and time that the change will have; it
 * is pure, may run several times, and throws to refuse. Answers the state that holds afterwards, null if
 * there is no such aggregate.
 */
export async function changeAggregate<Document extends AggregateDocument>(
  { collection, outbox }: AggregateStore<Document>,
  filter: Filter<Document>,
  decide: (state: Document) => Decision<Document>,
  traceparent: string,
  session: ClientSession,
): Promise<Document | null> {
  const current = (await collection.findOne(filter, { session })) as Document | null;
  if (current === null) return null;
  const next = stamped(current);
  const { state, events } = decide(next);
  if (state === next && events.length === 0) return current;
  const rows = rowsOf(state, events, traceparent);
  const changed = { ...state, sequence: current.sequence + rows.length };
  const written = { _id: current._id, version: current.version } as Filter<Document>;
  await collection.replaceOne(written, changed as unknown as WithoutId<Document>, { session });
  if (rows.length > 0) await outbox.insertMany(rows, { session });
  return changed;
}

/**
 * Writes decisions about several aggregates as part of the caller's transaction: two calls of the database,
 * however many. The states are `stamped` ones that the same session read, or new aggregates. `traceparent` is
 * that of all which have none of their own. Answers what holds afterwards.
 */
export async function writeAggregates<Document extends AggregateDocument>(
  { collection, outbox }: AggregateStore<Document>,
  decisions: readonly (Decision<Document> & { traceparent?: string })[],
  traceparent: string,
  session: ClientSession,
): Promise<Document[]> {
  if (decisions.length === 0) return [];
  const rows = decisions.flatMap((one) => rowsOf(one.state, one.events, one.traceparent ?? traceparent));
  const next = decisions.map(({ state, events }) => ({ ...state, sequence: state.sequence + events.length }));
  await collection.bulkWrite(next.map(writeOf), { session });
  if (rows.length > 0) await outbox.insertMany(rows, { session });
  return next;
}

function writeOf<Document extends AggregateDocument>(state: Document): AnyBulkWriteOperation<Document> {
  if (state.version === 1) return { insertOne: { document: state as unknown as OptionalId<Document> } };
  const filter = { _id: state._id, version: state.version - 1 } as Filter<Document>;
  return { replaceOne: { filter, replacement: state as unknown as WithoutId<Document> } };
}

/** An aggregate as its next change starts from it: with the version and time that the change will have. */
export function stamped<Document extends AggregateDocument>(current: Document): Document {
  return { ...current, version: current.version + 1, updated_at: laterThan(current.updated_at) };
}

/** The time of a change: now, and in any case after the aggregate's last change, so that events sort by time. */
function laterThan(updatedAt: string): string {
  return new Date(Math.max(Date.now(), Date.parse(updatedAt) + 1)).toISOString();
}

function rowsOf(
  state: AggregateDocument,
  events: readonly NewEvent[],
  traceparent: string,
  rowsBefore = 0,
): OutboxRow[] {
  return toOutboxRows(
    {
      tenantId: state.tenant_id,
      aggregateId: state._id,
      lastSequence: state.sequence,
      time: state.updated_at,
      traceparent,
      rowsBefore,
    },
    events,
  );
}
