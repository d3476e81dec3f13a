import { AsyncLocalStorage } from "node:async_hooks";
import { unavailable } from "@waybill/errors/domain-error.ts";
import { MongoError, type ClientSession, type MongoClient, type TransactionOptions } from "mongodb";

/** MongoDB's label of what may go well the next time. */
export const TRANSIENT = "TransientTransactionError";

/** Longer than a transaction can need; shorter than what MongoDB lets one live. */
const TRANSACTION_MS_MAX = 10_000;

/** How every transaction reads and writes. */
export const transactionOptions: TransactionOptions = {
  readConcern: { level: "snapshot" },
  writeConcern: { w: "majority", journal: true },
  readPreference: "primary",
};

/** Reads and writes with the session and does nothing else: it may run several times. */
export type Work<Result> = (session: ClientSession) => Promise<Result>;

/** A transaction that those of a whole call are part of, see `call-transaction.ts`. */
export interface EnclosingTransaction {
  readonly session: ClientSession;
  /** Whether it is still open, and a transaction of this client. */
  encloses: (client: MongoClient) => boolean;
  run: <Result>(work: Work<Result>) => Promise<Result>;
  /** Calls `tell` when it has committed, if it does. */
  onceCommitted: (tell: () => void) => void;
}

const enclosing = new AsyncLocalStorage<EnclosingTransaction>();

/**
 * Runs `work` as one transaction: all of its writes or none. `work` may run several times (MongoDB asks for
 * it after a conflict or an election), so it must do nothing but read and write with the session. Rejects
 * with `DEPENDENCY_UNAVAILABLE` when the tries take longer than TRANSACTION_MS_MAX.
 *
 * In a call that is one transaction as a whole it is a part of that, which is committed when the call ends.
 */
export async function inTransaction<Result>(client: MongoClient, work: Work<Result>): Promise<Result> {
  const outer = enclosing.getStore();
  return outer?.encloses(client) ? outer.run(work) : ownTransaction(client, work);
}

/**
 * The options of a read that must see what the call has written until then: in a call that is one transaction
 * as a whole its session, elsewhere nothing.
 */
export function readOwnWrites(client: MongoClient): { session?: ClientSession } {
  const outer = enclosing.getStore();
  return outer?.encloses(client) ? { session: outer.session } : {};
}

/**
 * Calls `tell`, which sets others to work on what was written until now: at once; in a call that is one
 * transaction as a whole when that has committed, for before it they would find nothing. Not at all if it does
 * not commit.
 */
export function onceCommitted(client: MongoClient, tell: () => void): void {
  const outer = enclosing.getStore();
  if (outer?.encloses(client)) outer.onceCommitted(tell);
  else tell();
}

/** Runs `work` as a transaction of its own, whatever it is called in. */
export function ownTransaction<Result>(client: MongoClient, work: Work<Result>): Promise<Result> {
  const deadline = performance.now() + TRANSACTION_MS_MAX;
  const bounded = (session: ClientSession) => {
    // The driver itself would repeat for two minutes; its timeoutMS does not bound transactions.
    if (performance.now() > deadline) throw unavailable("the database is too busy with the same documents");
    return work(session);
  };
  return client.withSession((session) => session.withTransaction(bounded, transactionOptions));
}

/** What makes the driver run a transaction once more. */
export function runAgain(reason: string): MongoError {
  const error = new MongoError(reason);
  error.addErrorLabel(TRANSIENT);
  return error;
}

/** Runs `call` so that each `inTransaction` in it is a part of `transaction`. */
export function enclose<Result>(
  transaction: EnclosingTransaction,
  call: () => Promise<Result>,
): Promise<Result> {
  return enclosing.run(transaction, call);
}
