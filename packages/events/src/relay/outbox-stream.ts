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
  /** The resume token behind each row; none during a rescan. */
  tokens: string[];
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

/** Which rows of which outbox are read. */
interface OutboxSource {
  client: MongoClient;
  db: Db;
  /** What the rows have, by their fields: of these slots, or of one tenant. */
  match: Readonly<Record<string, unknown>>;
  /** Of one batch. */
  rowsMax: number;
  /**
   * Whether reading goes on right behind the token. It needs the token's own row to match, which fails for
   * ever once a relay's slots are shared in another way: without it reading goes on at the token's time, and
   * at most one transaction is read again.
   */
  exact?: boolean;
}

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

type StreamReply = CursorReply<{ _id: { _data: string }; fullDocument: OutboxRow }> & {
  cursor: { postBatchResumeToken: { _data: string } };
};
type ScanReply = CursorReply<OutboxRow> & { cursor: { atClusterTime: Timestamp } };

/** The end of the outbox: reading from it finds what is committed from now on. */
export async function outboxEnd(db: Db): Promise<OutboxPosition> {
  const { operationTime } = (await db.command({ hello: 1 })) as { operationTime: Timestamp };
  const { t, i } = operationTime;
  return { token: tokenAt(new Timestamp({ t, i: i + 1 })), publishedTo: new Date(t * 1000) };
}

/**
 * Reads the rows of a source for ever, in the order their transactions committed: from the change
 * stream, and after a rescan of the log where the token is missing or older than the oplog. Empty batches
 * come when nothing happens. Ends when `signal` aborts; rejects when MongoDB does not answer.
 */
export async function* readOutbox(
  source: OutboxSource,
  from: OutboxPosition,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch> {
  const start = from.token === null ? null : startOf(source, from.token);
  let { publishedTo } = from;
  if (start !== null) {
    try {
      for await (const batch of followStream(source, start, signal)) {
        yield batch;
        publishedTo = batch.publishedTo;
      }
      return;
    } catch (error) {
      if (!isLostHistory(error)) throw error;
    }
  }
  const scannedAt = yield* scanLog(source, publishedTo, signal);
  yield* followStream(source, { startAtOperationTime: scannedAt }, signal);
}

/**
 * The rows that were there at one moment, which it returns: the stream goes on at it. A scan that saw later
 * rows too could find one and miss the row before it of the same aggregate, whose transaction took longer.
 */
async function* scanLog(
  { client, db, match, rowsMax }: OutboxSource,
  publishedTo: Date,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch, Timestamp> {
  await using session = client.startSession();
  const first = firstIdAt(publishedTo.getTime() - RESCAN_MARGIN_MS);
  const { cursor } = await command<ScanReply>(db, session, {
    find: outboxCollection.name,
    filter: { ...match, _id: { $gte: first } },
    sort: { _id: 1 },
    batchSize: rowsMax,
    readConcern: { level: "snapshot" },
  });
  try {
    let rows = cursor.firstBatch ?? [];
    while (rows.length > 0 && !signal.aborted) {
      yield { rows, tokens: [], token: null, publishedTo: new Date(timeOfId(rows.at(-1)!._id)) };
      rows = cursor.id.isZero()
        ? []
        : ((await more<ScanReply>(db, session, cursor.id, rowsMax)).cursor.nextBatch ?? []);
    }
  } finally {
    await kill(db, session, cursor.id);
  }
  return cursor.atClusterTime;
}

// The driver's ChangeStream hides where its batches end. The commands themselves show it: one reply is one
// batch for Kafka and one token to store.
async function* followStream(
  source: OutboxSource,
  start: StreamStart,
  signal: AbortSignal,
): AsyncGenerator<OutboxBatch> {
  const { client, db, rowsMax } = source;
  await using session = client.startSession();
  const { id } = (await openStream(source, session, start)).cursor;
  try {
    while (!signal.aborted) {
      const { cursor } = await more<StreamReply>(db, session, id, rowsMax, IDLE_WAIT_MS);
      const inserts = cursor.nextBatch ?? [];
      const token = cursor.postBatchResumeToken._data;
      // The token's time, not that of the rows or of now: it says how far the stream has read.
      const readTo = timeOfToken(token);
      if (readTo === null) throw new Error("the resume token has an unknown form");
      yield {
        rows: inserts.map(({ fullDocument }) => fullDocument),
        tokens: inserts.map(({ _id }) => _id._data),
        token,
        publishedTo: new Date(readTo.t * 1000),
      };
    }
  } finally {
    await kill(db, session, id);
  }
}

/** Where a change stream starts. */
type StreamStart = { startAtOperationTime: Timestamp } | { resumeAfter: { _data: string } };

/** Null if the token is none. */
function startOf({ exact }: OutboxSource, token: string): StreamStart | null {
  const time = timeOfToken(token);
  if (time === null) return null;
  return exact && token !== tokenAt(time)
    ? { resumeAfter: { _data: token } }
    : { startAtOperationTime: time };
}

function openStream(
  { db, match }: OutboxSource,
  session: ClientSession,
  start: StreamStart,
): Promise<StreamReply> {
  const rows = Object.entries(match).map(([field, value]) => [`fullDocument.${field}`, value] as const);
  return command(db, session, {
    aggregate: outboxCollection.name,
    pipeline: [
      { $changeStream: start },
      { $match: { operationType: "insert", ...Object.fromEntries(rows) } },
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

/** A token of a time alone, which is all that is read of one. */
function tokenAt({ t, i }: Timestamp): string {
  return `82${[t, i].map((part) => part.toString(16).padStart(8, "0").toUpperCase()).join("")}`;
}

function isLostHistory(error: unknown): boolean {
  return error instanceof MongoServerError && lostHistoryCodes.has(Number(error.code));
}

function more<Reply>(
  db: Db,
  session: ClientSession,
  id: Long,
  batchSize: number,
  maxTimeMS?: number,
): Promise<Reply> {
  return command(db, session, {
    getMore: id,
    collection: outboxCollection.name,
    batchSize,
    ...(maxTimeMS === undefined ? {} : { maxTimeMS }),
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
