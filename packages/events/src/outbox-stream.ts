import { firstIdAt, timeOfId } from "@waybill/mongo/ids.ts";
import { MongoServerError, type ClientSession, type Db, type Long, type MongoClient } from "mongodb";
import { outboxCollection, type OutboxRow } from "./outbox.ts";

/** Rows in commit order, and where to go on behind them. */
export interface OutboxBatch {
  rows: OutboxRow[];
  /** The resume token behind the rows; null during a rescan. */
  token: string | null;
  /** Every row older than this is in this batch or an earlier one. */
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

// ChangeStreamHistoryLost, InvalidResumeToken, ChangeStreamFatalError, and a token from another database.
const lostTokenCodes = new Set([286, 260, 280, 9]);

interface CursorReply {
  cursor: {
    id: Long;
    firstBatch?: { fullDocument: OutboxRow }[];
    nextBatch?: { fullDocument: OutboxRow }[];
    postBatchResumeToken: { _data: string };
  };
}

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
  let token = from.token;
  if (token === null || !(await canResume(client, db, slots, token))) {
    const behindScan = await currentToken(client, db, slots);
    yield* scanLog(db, slots, from.publishedTo, signal);
    token = behindScan;
  }
  yield* followStream(client, db, slots, token, signal);
}

async function* scanLog(
  db: Db,
  slots: readonly number[],
  publishedTo: Date,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch> {
  const first = firstIdAt(publishedTo.getTime() - RESCAN_MARGIN_MS);
  const cursor = db
    .collection<OutboxRow>(outboxCollection.name)
    .find({ _id: { $gte: first }, slot: { $in: [...slots] } }, { sort: { _id: 1 }, batchSize: BATCH_ROWS_MAX });
  try {
    while (!signal.aborted && (await cursor.hasNext())) {
      const rows = cursor.readBufferedDocuments();
      yield { rows, token: null, publishedTo: new Date(timeOfId(rows.at(-1)!._id)) };
    }
  } finally {
    await cursor.close();
  }
}

// The driver's ChangeStream hides where its batches end. The commands themselves show it: one reply is one
// batch for Kafka and one token to store.
async function* followStream(
  client: MongoClient,
  db: Db,
  slots: readonly number[],
  token: string,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch> {
  await using session = client.startSession();
  let reply = await openStream(db, session, slots, token);
  const { id } = reply.cursor;
  try {
    while (!signal.aborted) {
      const askedAt = new Date();
      reply = await command(db, session, {
        getMore: id,
        collection: outboxCollection.name,
        batchSize: BATCH_ROWS_MAX,
        maxTimeMS: IDLE_WAIT_MS,
      });
      const rows = (reply.cursor.nextBatch ?? []).map(({ fullDocument }) => fullDocument);
      // A full batch leaves rows behind it that are older than the question.
      const publishedTo = rows.length > 0 ? new Date(timeOfId(rows.at(-1)!._id)) : askedAt;
      yield { rows, token: reply.cursor.postBatchResumeToken._data, publishedTo };
    }
  } finally {
    await db.command({ killCursors: outboxCollection.name, cursors: [id] }, { session }).catch(() => undefined);
  }
}

async function canResume(client: MongoClient, db: Db, slots: readonly number[], token: string): Promise<boolean> {
  try {
    await peek(client, db, slots, token);
    return true;
  } catch (error) {
    if (error instanceof MongoServerError && lostTokenCodes.has(Number(error.code))) return false;
    throw error;
  }
}

async function currentToken(client: MongoClient, db: Db, slots: readonly number[]): Promise<string> {
  return (await peek(client, db, slots, null)).cursor.postBatchResumeToken._data;
}

async function peek(client: MongoClient, db: Db, slots: readonly number[], token: string | null): Promise<CursorReply> {
  await using session = client.startSession();
  const reply = await openStream(db, session, slots, token);
  await db.command({ killCursors: outboxCollection.name, cursors: [reply.cursor.id] }, { session });
  return reply;
}

function openStream(
  db: Db,
  session: ClientSession,
  slots: readonly number[],
  token: string | null,
): Promise<CursorReply> {
  return command(db, session, {
    aggregate: outboxCollection.name,
    pipeline: [
      { $changeStream: token === null ? {} : { resumeAfter: { _data: token } } },
      { $match: { operationType: "insert", "fullDocument.slot": { $in: [...slots] } } },
      { $project: { fullDocument: 1 } },
    ],
    cursor: { batchSize: 0 },
    readConcern: { level: "majority" },
  });
}

async function command(db: Db, session: ClientSession, body: Record<string, unknown>): Promise<CursorReply> {
  // A cursor's id is a 64-bit integer, which a JavaScript number does not hold.
  return (await db.command(body, { session, promoteLongs: false })) as unknown as CursorReply;
}
