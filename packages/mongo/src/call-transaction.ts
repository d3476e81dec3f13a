import { MongoError, type ClientSession, type MongoClient } from "mongodb";
import {
  enclose,
  ownTransaction,
  runAgain,
  TRANSIENT,
  transactionOptions,
  type EnclosingTransaction,
  type Work,
} from "./transaction.ts";

/**
 * Makes one transaction of all that `call` writes with `inTransaction`, and of what `conclude` writes with
 * the call's answer: all of it is there, or nothing. Whatever makes a transaction run again makes the call
 * run again, so what it does besides must bear a repeat; and as nothing is committed before it ends, it
 * reads its own writes by `readOwnWrites`, and sets others to work by `onceCommitted`. Its transactions come
 * one after another.
 *
 * MongoDB has no savepoints: when one part fails, everything is rolled back. A call that goes on after that,
 * as a batch does whose record is refused, therefore runs once more, with the same failure at the same part
 * but without its writes.
 */
export async function inCallTransaction<Result>(
  client: MongoClient,
  call: () => Promise<Result>,
  conclude: (result: Result, session: ClientSession) => Promise<void>,
): Promise<Result> {
  const failures = new Map<number, unknown>();
  const { result, tells } = await ownTransaction(client, async (session) => {
    const transaction = new CallTransaction(client, session, failures);
    const result = await transaction.runCall(call);
    await conclude(result, session);
    return { result, tells: transaction.tells };
  });
  for (const tell of tells) tell();
  return result;
}

class CallTransaction implements EnclosingTransaction {
  readonly session: ClientSession;
  /** What is to be called when it has committed. */
  readonly tells: (() => void)[] = [];
  readonly #client: MongoClient;
  /** What failed in an earlier run of the call, by the number of the part. */
  readonly #failures: Map<number, unknown>;
  #isOpen = true;
  #inWork: Promise<unknown> | null = null;
  #parts = 0;
  #written = 0;
  /** Whether writes of parts that succeeded have been rolled back. */
  #isLost = false;

  constructor(client: MongoClient, session: ClientSession, failures: Map<number, unknown>) {
    this.#client = client;
    this.session = session;
    this.#failures = failures;
  }

  /** Runs the call. Rejects with an error that makes the driver repeat it if its writes are lost. */
  async runCall<Result>(call: () => Promise<Result>): Promise<Result> {
    const [outcome] = await Promise.allSettled([enclose(this, call)]);
    await this.#inWork?.catch(() => undefined);
    // What a call leaves running has transactions of its own.
    this.#isOpen = false;
    if (this.#isLost) throw runAgain("the transaction of a call was rolled back while it ran");
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value;
  }

  encloses(client: MongoClient): boolean {
    return this.#isOpen && client === this.#client;
  }

  onceCommitted(tell: () => void): void {
    this.tells.push(tell);
  }

  async run<Result>(work: Work<Result>): Promise<Result> {
    if (this.#inWork) throw new Error("the transactions of one call must come one after another");
    const running = this.#runPart(work);
    this.#inWork = running;
    try {
      return await running;
    } finally {
      this.#inWork = null;
    }
  }

  async #runPart<Result>(work: Work<Result>): Promise<Result> {
    const part = this.#parts;
    this.#parts += 1;
    if (this.#failures.has(part)) throw this.#failures.get(part);
    try {
      const result = await work(this.session);
      this.#written += 1;
      return result;
    } catch (error) {
      await this.#rollBack(part, error);
      throw error;
    }
  }

  async #rollBack(part: number, error: unknown): Promise<void> {
    const isTransient = error instanceof MongoError && error.hasErrorLabel(TRANSIENT);
    if (!isTransient) this.#failures.set(part, error);
    this.#isLost ||= isTransient || this.#written > 0;
    this.#written = 0;
    await this.session.abortTransaction();
    this.session.startTransaction(transactionOptions);
  }
}
