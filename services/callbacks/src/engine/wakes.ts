import { addAbortListener } from "node:events";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import { ObjectId, type Collection, type Db, type FindCursor } from "mongodb";

/** Registrations that may have something to send, told to the instance that sends to them. */
interface WakeDocument {
  _id: ObjectId;
  callback_ids: string[];
  /** See `Wake`. */
  changed: boolean;
  /** By the database's clock. */
  at: Date;
}

/** Registrations that may have something to send; `isChanged` if their owners changed them. */
export interface Wake {
  callbackIds: readonly string[];
  isChanged: boolean;
}

/**
 * Capped, since its readers then wait for what comes to it alone: a change stream would have MongoDB look
 * through every write to all of its databases, for each instance.
 */
export const wakesCollection: CollectionDeclaration = {
  name: "wake_log",
  indexes: [],
  options: { capped: true, size: 1024 * 1024 },
};

const REOPEN_MS = 500;
/** How often an idle reader asks. */
const AWAIT_MS = 5_000;

/** Wakes from other instances and to them. One that gets lost costs a moment: due lanes are looked for anyway. */
interface Wakes extends AsyncDisposable {
  send: (wake: Wake) => void;
}

/** Follows what other instances wake until it is disposed. */
export function followWakes(db: Db, heard: (wake: Wake) => void, log: Logger): Wakes {
  // A cursor that waits is told of a write when this server has it, which `majority` would not show yet.
  const local = { readConcern: { level: "local" } } as const;
  const wakes = db.collection<WakeDocument>(wakesCollection.name, local);
  let since: Date | null = null;
  const following = repeat(log, "wakes", REOPEN_MS, async (signal) => {
    // One that wakes nobody: nobody can wait at an empty collection. What came before it is looked for anyway.
    since ??= await append(wakes, { callbackIds: [], isChanged: false });
    await follow(wakes, since, signal, ({ callback_ids, changed, at }) => {
      since = at;
      heard({ callbackIds: callback_ids, isChanged: changed });
    });
  });
  return {
    send(wake) {
      const sent = append(wakes, wake);
      sent.catch((error: unknown) => log.warn(errorFacts(error), "wakes.not_sent"));
    },
    [Symbol.asyncDispose]: () => following[Symbol.asyncDispose](),
  };
}

/** Answers when it was added. */
async function append(wakes: Collection<WakeDocument>, { callbackIds, isChanged }: Wake): Promise<Date> {
  const wake = { callback_ids: [...callbackIds], changed: isChanged, at: "$$NOW" };
  const added = await wakes.findOneAndUpdate({ _id: new ObjectId() }, [{ $set: wake }], {
    upsert: true,
    returnDocument: "after",
  });
  return added!.at;
}

/** Tells those of `since` and later, once more perhaps, until the cursor ends or `signal` aborts. */
async function follow(
  wakes: Collection<WakeDocument>,
  since: Date,
  signal: AbortSignal,
  heard: (wake: WakeDocument) => void,
): Promise<void> {
  const waiting = { tailable: true, awaitData: true, maxAwaitTimeMS: AWAIT_MS };
  await using cursor = wakes.find({ at: { $gte: since } }, waiting);
  const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
  using _listening = addAbortListener(signal, () => stop());
  // MongoDB answers a cursor that waits only in its own time, even if it is closed.
  await Promise.race([readOn(cursor, heard), stopped]);
}

async function readOn(cursor: FindCursor<WakeDocument>, heard: (wake: WakeDocument) => void): Promise<void> {
  for await (const wake of cursor) heard(wake);
}
