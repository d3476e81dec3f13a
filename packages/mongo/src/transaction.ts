import type { ClientSession, MongoClient } from "mongodb";

/** Longer than a transaction can need; shorter than the 60 s after which MongoDB ends it. */
export const TRANSACTION_MS_MAX = 10_000;

/**
 * Runs `work` as one transaction: all of its writes or none. `work` may run several times (MongoDB asks for
 * it after a conflict or an election), so it must do nothing but read and write with the session.
 */
export async function inTransaction<Result>(
  client: MongoClient,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  return client.withSession((session) =>
    session.withTransaction(work, {
      readConcern: { level: "snapshot" },
      writeConcern: { w: "majority", journal: true },
      readPreference: "primary",
      timeoutMS: TRANSACTION_MS_MAX,
    }),
  );
}
