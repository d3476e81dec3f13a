import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import type { Db, Collection } from "mongodb";

/** Registrations that may have something to send, told to the instance that sends to them. */
interface WakeDocument {
  callback_ids: string[];
  /** See `Wake`. */
  changed: boolean;
  at: Date;
}

/** Registrations that may have something to send; `isChanged` if their owners changed them. */
export interface Wake {
  callbackIds: readonly string[];
  isChanged: boolean;
}

export const wakesCollection: CollectionDeclaration = {
  name: "wakes",
  indexes: [{ name: "expiry", key: { at: 1 }, expireAfterSeconds: 60 }],
};

const REOPEN_MS = 500;
/** How often an idle stream asks. */
const AWAIT_MS = 10_000;

/** Wakes from other instances and to them. One that gets lost costs a moment: due lanes are looked for anyway. */
interface Wakes extends AsyncDisposable {
  send: (wake: Wake) => void;
}

/** Follows what other instances wake until it is disposed. */
export function followWakes(db: Db, heard: (wake: Wake) => void, log: Logger): Wakes {
  const wakes = db.collection<WakeDocument>(wakesCollection.name);
  const following = repeat(log, "wakes", REOPEN_MS, (signal) => listen(wakes, heard, signal));
  return {
    send({ callbackIds, isChanged }) {
      const sent = wakes.insertOne({ callback_ids: [...callbackIds], changed: isChanged, at: new Date() });
      sent.catch((error: unknown) => log.warn(errorFacts(error), "wakes.not_sent"));
    },
    [Symbol.asyncDispose]: () => following[Symbol.asyncDispose](),
  };
}

async function listen(
  wakes: Collection<WakeDocument>,
  heard: (wake: Wake) => void,
  signal: AbortSignal,
): Promise<void> {
  const added = [{ $match: { operationType: "insert" } }];
  await using stream = wakes.watch<WakeDocument>(added, { maxAwaitTimeMS: AWAIT_MS });
  const close = () => void stream.close().catch(() => undefined);
  signal.addEventListener("abort", close);
  try {
    for await (const change of stream) {
      if (change.operationType !== "insert") continue;
      const { callback_ids, changed } = change.fullDocument;
      heard({ callbackIds: callback_ids, isChanged: changed });
    }
  } finally {
    signal.removeEventListener("abort", close);
  }
}
