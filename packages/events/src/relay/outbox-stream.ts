import { firstIdAt, timeOfId } from "@waybill/mongo/ids.ts";
import {
  MongoServerError,
  Timestamp,
  type ClientSession,
  type Db,
  type Long,
  type MongoClient,
} from "mongodb";
import { outboxCollection, type OutboxRow } from "../outbox.ts";

/** Rows in commit order, and where to go on behind them. */
export interface OutboxBatch {
  rows: OutboxRow[];
  /** The resume token behind the rows; null during a rescan. */
  token: string | null;
  /** Every row that was there then is in this batch or an earlier one. */
  publishedTo: Date;
}

/** Where reading starts. */
export interface OutboxPosition {
  token: string | null;
  publishedTo: Date;
}

const BATCH_ROWS_MAX = 2_000;
/** How long an idle stream waits at the server before it answers with nothing. */
const IDLE_WAIT_MS = 1_000;
/**
 * A row is found at the time it was made, but seen once its transaction has committed: a rescan starts
 * earlier by more than a transaction (60 s at most) and the clocks of two machines can lie apart.
 */
const RESCAN_MARGIN_MS = 3 * 60_000;

// CappedPositionLost, InvalidResumeToken, ChangeStreamFatalError, ChangeStreamHistoryLost.
const lostHistoryCodes = new Set([136, 260, 280, 286]);

interface CursorReply<Found> {
  cursor: { id: Long; firstBatch?: Found[]; nextBatch?: Found[] };
}

type StreamReply = CursorReply<{ fullDocument: OutboxRow }> & {
  cursor: { postBatchResumeToken: { _data: string } };
};
type ScanReply = CursorReply<OutboxRow> & { cursor: { atClusterTime: Timestamp } };

/**
 * Reads the rows of these slots for ever, in the order their transactions committed: from the change
 * stream, and after a rescan of the log where the token is missing or older than the oplog. Empty batches
 * come when nothing happens. Ends when `signal` aborts; rejects when MongoDB does not answer.
 */
export async function* readOutbox(
  client: MongoClient,
  db: Db,
  slots: readonly number[],
  from: OutboxPosition,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch> {
  const start = from.token === null ? null : timeOfToken(from.token);
  let { publishedTo } = from;
  if (start !== null) {
    try {
      for await (const batch of followStream(client, db, slots, start, signal)) {
        yield batch;
        publishedTo = batch.publishedTo;
      }
      return;
    } catch (error) {
      if (!isLostHistory(error)) throw error;
    }
  }
  const scannedAt = yield* scanLog(client, db, slots, publishedTo, signal);
  yield* followStream(client, db, slots, scannedAt, signal);
}

/**
 * The rows that were there at one moment, which it returns: the stream goes on at it. A scan that saw later
 * rows too could find one and miss the row before it of the same aggregate, whose transaction took longer.
 */
async function* scanLog(
  client: MongoClient,
  db: Db,
  slots: readonly number[],
  publishedTo: Date,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch, Timestamp> {
  await using session = client.startSession();
  const first = firstIdAt(publishedTo.getTime() - RESCAN_MARGIN_MS);
  const { cursor } = await command<ScanReply>(db, session, {
    find: outboxCollection.name,
    filter: { _id: { $gte: first }, slot: { $in: [...slots] } },
    sort: { _id: 1 },
    batchSize: BATCH_ROWS_MAX,
    readConcern: { level: "snapshot" },
  });
  try {
    let rows = cursor.firstBatch ?? [];
    while (rows.length > 0 && !signal.aborted) {
      yield { rows, token: null, publishedTo: new Date(timeOfId(rows.at(-1)!._id)) };
      rows = cursor.id.isZero()
        ? []
        : ((await more<ScanReply>(db, session, cursor.id)).cursor.nextBatch ?? []);
    }
  } finally {
    await kill(db, session, cursor.id);
  }
  return cursor.atClusterTime;
}

// The driver's ChangeStream hides where its batches end. The commands themselves show it: one reply is one
// batch for Kafka and one token to store.
async function* followStream(
  client: MongoClient,
  db: Db,
  slots: readonly number[],
  start: Timestamp,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch> {
  await using session = client.startSession();
  const { id } = (await openStream(db, session, slots, start)).cursor;
  try {
    while (!signal.aborted) {
      const { cursor } = await more<StreamReply>(db, session, id, { maxTimeMS: IDLE_WAIT_MS });
      const rows = (cursor.nextBatch ?? []).map(({ fullDocument }) => fullDocument);
      const token = cursor.postBatchResumeToken._data;
      // The token's time, not that of the rows or of now: it says how far the stream has read.
      const readTo = timeOfToken(token);
      if (readTo === null) throw new Error("the resume token has an unknown form");
      const publishedTo = new Date(readTo.t * 1000);
      yield { rows, token, publishedTo };
    }
  } finally {
    await kill(db, session, id);
  }
}

/**
 * Resuming after the token itself would need the token's own event to pass the filter, which fails for ever
 * once the slots are shared in another way. From its time on, at most one transaction is read again.
 */
function openStream(
  db: Db,
  session: ClientSession,
  slots: readonly number[],
  start: Timestamp,
): Promise<StreamReply> {
  return command(db, session, {
    aggregate: outboxCollection.name,
    pipeline: [
      { $changeStream: { startAtOperationTime: start } },
      { $match: { operationType: "insert", "fullDocument.slot": { $in: [...slots] } } },
      { $project: { fullDocument: 1 } },
    ],
    cursor: { batchSize: 0 },
    readConcern: { level: "majority" },
  });
}

/** A token is hexadecimal: the type of a timestamp (82), its seconds, its number within the second, and more. */
function timeOfToken(token: string): Timestamp | null {
  const match = /^82([0-9A-F]{8})([0-9A-F]{8})/.exec(token);
  return match && new Timestamp({ t: Number.parseInt(match[1]!, 16), i: Number.parseInt(match[2]!, 16) });
}

function isLostHistory(error: unknown): boolean {
  return error instanceof MongoServerError && lostHistoryCodes.has(Number(error.code));
}

function more<Reply>(
  db: Db,
  session: ClientSession,
  id: Long,
  options: { maxTimeMS?: number } = {},
): Promise<Reply> {
  return command(db, session, {
    getMore: id,
    collection: outboxCollection.name,
    batchSize: BATCH_ROWS_MAX,
    ...options,
  });
}

async function kill(db: Db, session: ClientSession, id: Long): Promise<void> {
  if (id.isZero()) return;
  await db.command({ killCursors: outboxCollection.name, cursors: [id] }, { session }).catch(() => undefined);
}

async function command<Reply>(db: Db, session: ClientSession, body: Record<string, unknown>): Promise<Reply> {
  // A cursor's id is a 64-bit integer, which a JavaScript number does not hold.
  return (await db.command(body, { session, promoteLongs: false })) as Reply;
}
