import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { dropApplied as dropRepeats, PositionMoved, type Gap } from "@waybill/consumer/positions.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { isDuplicateKey } from "@waybill/mongo/failures.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { Logger } from "@waybill/process/log.ts";
import type { AnyBulkWriteOperation, ClientSession, Collection, Db, MongoClient } from "mongodb";
import type { Topic } from "../topics.ts";

/** How far the events of one aggregate are applied. Kept as long as the aggregate: a later event needs it. */
interface AppliedDocument {
  /** See `appliedId`. */
  _id: string;
  tenant_id: string;
  /** Of the last event that was applied. */
  sequence: number;
  /** The last applied sequence of each message type, such as `{ orderEvent: 3 }`. */
  by_type: Record<string, number>;
}

/** The collection of the positions of one consumer; a service that reads a topic twice needs two. */
export function appliedCollection(name = "applied"): CollectionDeclaration {
  return { name, indexes: [] };
}

/** Tenant, topic and aggregate: integer ids are unique per tenant only. */
function appliedId(topic: Topic, { tenantId, aggregateId }: Pick<ConsumedEvent, "tenantId" | "aggregateId">) {
  return `${tenantId}/${topic}/${aggregateId}`;
}

/** An event that has not been applied yet. */
export interface FreshEvent extends ConsumedEvent {
  /** The sequence of the aggregate's previous event of the same message type; 0 if there is none. */
  previousOfType: number;
}

/** Where the positions of one consumer are. */
export interface AppliedStore {
  client: MongoClient;
  applied: Collection<AppliedDocument>;
  topic: Topic;
  log: Logger;
}

/** The positions in `db`. */
export function appliedStore(
  client: MongoClient,
  db: Db,
  topic: Topic,
  log: Logger,
  declaration = appliedCollection(),
): AppliedStore {
  return { client, applied: db.collection(declaration.name), topic, log };
}

/**
 * Applies each event once: in one transaction it drops the events that were applied before, stores the new
 * positions, and runs `work` on the rest, in their order. `work` may run several times and must do nothing
 * but read and write with the session. It is not called when nothing is left. Answers the events that this call
 * has applied. Rejects with `PositionMoved`, with MongoDB's errors, or with the error of `work`; then nothing
 * was applied.
 */
export async function applyOnce(
  store: AppliedStore,
  events: readonly ConsumedEvent[],
  work: (fresh: FreshEvent[], session: ClientSession) => Promise<void>,
): Promise<FreshEvent[]> {
  const { fresh, gaps } = await inTransaction(store.client, async (session) => {
    const before = await loadPositions(store, events, session);
    const step = dropApplied(store.topic, events, before);
    if (step.fresh.length === 0) return step;
    // Before the work: who comes second fails here at once, not after having done all of it.
    await savePositions(store, before, step.after, session);
    await work(step.fresh, session);
    return step;
  });
  for (const gap of gaps) store.log.warn({ topic: store.topic, ...gap }, "consumer.gap");
  return fresh;
}

/** The positions of the aggregates of `events`, by `_id`; one that has none is left out. */
async function loadPositions(
  { applied, topic }: Pick<AppliedStore, "applied" | "topic">,
  events: readonly ConsumedEvent[],
  session: ClientSession,
): Promise<Map<string, AppliedDocument>> {
  const ids = [...new Set(events.map((event) => appliedId(topic, event)))];
  const found = await applied.find({ _id: { $in: ids } }, { session }).toArray();
  return new Map(found.map((document) => [document._id, document]));
}

/** What `events` are after `before`: pure. `after` holds the positions that change. */
export function dropApplied(
  topic: Topic,
  events: readonly ConsumedEvent[],
  before: ReadonlyMap<string, AppliedDocument>,
): { fresh: FreshEvent[]; gaps: Gap[]; after: Map<string, AppliedDocument> } {
  const sequences = new Map([...before].map(([_id, { sequence }]) => [_id, sequence]));
  const step = dropRepeats(events, sequences, (event) => appliedId(topic, event));
  const after = new Map<string, AppliedDocument>();
  const fresh = step.fresh.map((event) => {
    const _id = appliedId(topic, event);
    const position = after.get(_id) ?? before.get(_id) ?? firstPosition(_id, event.tenantId);
    after.set(_id, advance(position, event));
    return { ...event, previousOfType: previousOfType(position, event) };
  });
  return { fresh, gaps: step.gaps, after };
}

function firstPosition(_id: string, tenantId: string): AppliedDocument {
  return { _id, tenant_id: tenantId, sequence: 0, by_type: {} };
}

function previousOfType({ by_type }: AppliedDocument, { messageType }: ConsumedEvent): number {
  return messageType !== null && Object.hasOwn(by_type, messageType) ? by_type[messageType]! : 0;
}

function advance(position: AppliedDocument, { messageType, sequence }: ConsumedEvent): AppliedDocument {
  const by_type = messageType === null ? position.by_type : { ...position.by_type, [messageType]: sequence };
  return { ...position, sequence, by_type };
}

/**
 * Writes the positions `after`, each only if it still is the one of `before`. Rejects with `PositionMoved`
 * otherwise; the caller's transaction must then be given up.
 */
export async function savePositions(
  { applied }: Pick<AppliedStore, "applied">,
  before: ReadonlyMap<string, AppliedDocument>,
  after: ReadonlyMap<string, AppliedDocument>,
  session: ClientSession,
): Promise<void> {
  const writes = [...after.values()].map((next) => write(before.get(next._id), next));
  if (writes.length === 0) return;
  try {
    const { insertedCount, matchedCount } = await applied.bulkWrite(writes, { session, ordered: false });
    if (insertedCount + matchedCount < writes.length) throw new PositionMoved();
  } catch (error) {
    throw isDuplicateKey(error) ? new PositionMoved("inserted meanwhile", { cause: error }) : error;
  }
}

function write(
  old: AppliedDocument | undefined,
  next: AppliedDocument,
): AnyBulkWriteOperation<AppliedDocument> {
  if (old === undefined) return { insertOne: { document: next } };
  const { sequence, by_type } = next;
  return {
    updateOne: { filter: { _id: old._id, sequence: old.sequence }, update: { $set: { sequence, by_type } } },
  };
}
