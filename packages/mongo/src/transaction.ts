import { unavailable } from "@waybill/errors/domain-error.ts";
import type { ClientSession, MongoClient } from "mongodb";

/** Longer than a transaction can need; shorter than what MongoDB lets one live. */
export const TRANSACTION_MS_MAX = 10_000;

/**
 * Runs `work` as one transaction: all of its writes or none. `work` may run several times (MongoDB asks for
 * it after a conflict or an election), so it must do nothing but read and write with the session. Rejects
 * with `DEPENDENCY_UNAVAILABLE` when the tries take longer than TRANSACTION_MS_MAX.
 */
export async function inTransaction<Result>(
  client: MongoClient,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  const deadline = performance.now() + TRANSACTION_MS_MAX;
  const bounded = (session: ClientSession) => {
    // The driver itself would repeat for two minutes; its timeoutMS does not bound transactions.
    if (performance.now() > deadline) throw unavailable("the database is too busy with the same documents");
    return work(session);
  };
  return client.withSession((session) =>
    session.withTransaction(bounded, {
      readConcern: { level: "snapshot" },
      writeConcern: { w: "majority", journal: true },
      readPreference: "primary",
    }),
  );
}
