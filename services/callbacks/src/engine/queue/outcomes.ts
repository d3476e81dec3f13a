import { isOnlyDuplicateKeys } from "@waybill/mongo/failures.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { AnyBulkWriteOperation, ClientSession } from "mongodb";
import type { AttemptDocument } from "../../attempt.ts";
import { DISABLED_REASON } from "../../callback.ts";
import type { CallbacksContext } from "../../context.ts";
import { keptUntil, type DeliveryChange, type DeliveryDocument } from "../../delivery.ts";
import { tell, type Telling, type ToldEvent } from "../../delivery-event.ts";
import type { DeliverySummary } from "../../delivery-view.ts";
import type { EndedAttempt } from "./queue.ts";

export type OutcomeContext = Pick<CallbacksContext, "client" | "deliveries" | "attempts" | "outbox">;

/** Deliveries that one transaction ends. */
const CLOSED_MAX = 500;

/**
 * Stores attempts, and what they made of their deliveries. What ends or is parked goes with its event in a
 * transaction of deliveries and outbox, which nobody else writes to for the same deliveries; a retry has no
 * event.
 */
export async function storeOutcomes(context: OutcomeContext, ended: readonly EndedAttempt[]): Promise<void> {
  const told = ended.filter((one): one is ToldAttempt => one.told !== null);
  const retried = ended.filter((one) => one.told === null);
  await Promise.all([
    logAttempts(context, ended),
    retried.length > 0 && context.deliveries.bulkWrite(retried.map(retryWrite), { ordered: false }),
    told.length > 0 && storeTold(context, told),
  ]);
}

async function logAttempts({ attempts }: OutcomeContext, ended: readonly EndedAttempt[]): Promise<void> {
  if (ended.length === 0) return;
  try {
    await attempts.insertMany(
      ended.map(({ attempt }) => attempt),
      { ordered: false },
    );
  } catch (error) {
    // A repeat after an answer that got lost, or one that was taken for unknown meanwhile.
    if (!isOnlyDuplicateKeys(error)) throw error;
    await attempts.bulkWrite(ended.map(knownAttempt), { ordered: false });
  }
}

/** An attempt whose end is told after all. */
function knownAttempt({ attempt: { _id, ...told } }: EndedAttempt): AnyBulkWriteOperation<AttemptDocument> {
  return { replaceOne: { filter: { _id, outcome: "unknown" }, replacement: told } };
}

type ToldAttempt = EndedAttempt & { told: NonNullable<EndedAttempt["told"]> };

/** A retry counts if nobody stored another end since. */
function retryWrite({ delivery, change }: EndedAttempt): AnyBulkWriteOperation<DeliveryDocument> {
  const { _id, attempts_count } = delivery;
  return { updateOne: { filter: { _id, attempts_count, status: "pending" }, update: { $set: change } } };
}

/** First as if nobody had changed the deliveries since they were read, which hardly ever happens. */
async function storeTold(context: OutcomeContext, ended: readonly ToldAttempt[]): Promise<void> {
  const { client } = context;
  const sent = ended.map(({ delivery }) => delivery);
  try {
    await inTransaction(client, (session) => storeOn(context, ended, sent, session));
  } catch (error) {
    if (!(error instanceof DeliveryMoved)) throw error;
    await inTransaction(client, async (session) =>
      storeOn(context, ended, await readAgain(context, sent, session), session),
    );
  }
}

/** Somebody changed a delivery meanwhile: the transaction is given up. */
class DeliveryMoved extends Error {
  override readonly name = "DeliveryMoved";
}

function readAgain(
  { deliveries }: OutcomeContext,
  sent: readonly DeliveryDocument[],
  session: ClientSession,
): Promise<DeliverySummary[]> {
  return deliveries
    .find({ _id: { $in: sent.map(({ _id }) => _id) } }, { session })
    .project<DeliverySummary>({ body: 0 })
    .toArray();
}

/** Rejects with `DeliveryMoved` if the deliveries are not as `states` says. */
async function storeOn(
  context: OutcomeContext,
  ended: readonly ToldAttempt[],
  states: readonly DeliverySummary[],
  session: ClientSession,
): Promise<void> {
  const current = new Map(states.map((delivery) => [delivery._id, delivery]));
  const nowMs = Date.now();
  const written: Written[] = [];
  for (const { delivery, change, attempt, told } of ended) {
    const before = current.get(delivery._id);
    if (!before || !counts(before, delivery, change)) continue;
    const reason = told === "parked" ? DISABLED_REASON : change.reason;
    const telling = { told, reason, attempt, nowMs, rowsBefore: written.length };
    const next = toWritten(before, change, telling);
    written.push(next);
    current.set(delivery._id, next.state);
  }
  await write(context, written, session);
}

/** What the receiver has taken it has taken, whoever sent it; any other end counts if nobody stored one since. */
function counts(before: DeliverySummary, sent: DeliveryDocument, change: DeliveryChange): boolean {
  if (change.status === "delivered") return before.status !== "delivered";
  return before.status === "pending" && before.attempts_count === sent.attempts_count;
}

/** Ends up to CLOSED_MAX of what waits in these lanes, each with its event; answers whether that was all. */
export function failPending(
  context: OutcomeContext,
  laneIds: readonly string[],
  reason: string,
): Promise<boolean> {
  return inTransaction(context.client, async (session) => {
    const pending = await context.deliveries
      .find({ lane_id: { $in: [...laneIds] }, status: "pending" }, { session })
      .limit(CLOSED_MAX)
      .project<DeliverySummary>({ body: 0 })
      .toArray();
    const nowMs = Date.now();
    const change = {
      status: "failed",
      reason,
      next_attempt_at: null,
      expires_at: keptUntil(nowMs),
    } as const;
    const written = pending.map((delivery, rowsBefore) => {
      const telling: Telling = { told: "failed", reason, attempt: null, nowMs, rowsBefore };
      return toWritten(delivery, change, telling);
    });
    await write(context, written, session);
    return pending.length < CLOSED_MAX;
  });
}

/** A delivery's new state, what of it is written, and its event. */
interface Written {
  _id: string;
  /** What it must have been like. */
  from: Pick<DeliveryDocument, "status" | "attempts_count" | "told_count">;
  state: DeliverySummary;
  set: Partial<DeliveryDocument>;
  row: ToldEvent["row"];
}

function toWritten(before: DeliverySummary, change: Partial<DeliveryDocument>, telling: Telling): Written {
  const { _id, status, attempts_count, told_count } = before;
  const { progress, row } = tell({ ...before, ...change }, telling);
  const from = { status, attempts_count, told_count };
  return { _id, from, state: { ...before, ...change, ...progress }, set: { ...change, ...progress }, row };
}

async function write(
  { deliveries, outbox }: OutcomeContext,
  written: readonly Written[],
  session: ClientSession,
): Promise<void> {
  if (written.length === 0) return;
  const { matchedCount } = await deliveries.bulkWrite(updatesOf(written), { session });
  if (matchedCount < written.length) throw new DeliveryMoved();
  await outbox.insertMany(
    written.map(({ row }) => row),
    { session },
  );
}

/** What follows each other and changes alike is written as one, which costs MongoDB half as much. */
function updatesOf(written: readonly Written[]): AnyBulkWriteOperation<DeliveryDocument>[] {
  const runs: { change: string; ids: string[]; from: object; set: Partial<DeliveryDocument> }[] = [];
  for (const { _id, from, set } of written) {
    const change = JSON.stringify([from, set]);
    const last = runs.at(-1);
    if (last?.change === change) last.ids.push(_id);
    else runs.push({ change, ids: [_id], from, set });
  }
  return runs.map(({ ids, from, set }) => ({
    updateMany: { filter: { _id: { $in: ids }, ...from }, update: { $set: set } },
  }));
}
