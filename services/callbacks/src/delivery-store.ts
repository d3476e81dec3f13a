import { DomainError } from "@waybill/errors/domain-error.ts";
import type { OutboxRow } from "@waybill/events/outbox.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { ClientSession, Filter } from "mongodb";
import { attemptIds, type AttemptDocument } from "./attempt.ts";
import { pauseOf, type CallbackDocument } from "./callback.ts";
import type { CallbacksContext } from "./context.ts";
import type { DeliveryDocument } from "./delivery.ts";
import { tell, type Telling } from "./delivery-event.ts";
import { laneKeyOf } from "./engine/queue/queue.ts";
import { storedId, type DeliverySummary } from "./delivery-view.ts";

/** One delivery of the tenant, by the id that is shown. Throws `DELIVERY_NOT_FOUND`. */
export async function getStoredDelivery(
  { deliveries }: CallbacksContext,
  tenantId: string,
  id: string,
): Promise<DeliverySummary> {
  const named = { _id: storedId(id), tenant_id: tenantId };
  const found = await deliveries.findOne<DeliverySummary>(named, { projection: { body: 0 } });
  if (found === null) throw new DomainError("DELIVERY_NOT_FOUND");
  return found;
}

/**
 * Stores new deliveries, each with its registration, as part of the caller's transaction. One whose registration
 * is paused is parked from its beginning, and told so.
 */
export async function insertDeliveries(
  { deliveries, outbox }: CallbacksContext,
  made: readonly NewDelivery[],
  session: ClientSession,
): Promise<void> {
  if (made.length === 0) return;
  const rows: OutboxRow[] = [];
  const documents = made.map(({ delivery, callback }) => {
    const reason = pauseOf(callback);
    if (reason === null) return delivery;
    const nowMs = Date.parse(delivery.created_at);
    const telling: Telling = { told: "parked", reason, attempt: null, nowMs, rowsBefore: rows.length };
    const { progress, row } = tell(delivery, telling);
    rows.push(row);
    return { ...delivery, ...progress };
  });
  await deliveries.insertMany(documents, { session });
  if (rows.length > 0) await outbox.insertMany(rows, { session });
}

/** A delivery that is not stored yet, and where it goes. */
interface NewDelivery {
  delivery: DeliveryDocument;
  callback: CallbackDocument;
}

/** The last attempts of a delivery, at most `limit`, in their order. */
export async function listStoredAttempts(
  { attempts }: CallbacksContext,
  deliveryId: string,
  limit: number,
): Promise<AttemptDocument[]> {
  const last = await attempts
    .find({ _id: attemptIds(deliveryId) })
    .sort({ _id: -1 })
    .limit(limit)
    .toArray();
  return last.reverse();
}

/** Of the deliveries that can be sent once more. */
export const hasEnded = { status: { $in: ["delivered", "failed"] } } satisfies Filter<DeliveryDocument>;

/** What a delivery that has ended becomes when it is sent once more. */
export function revived(now: string) {
  return {
    status: "pending",
    reason: null,
    replay: true,
    attempts_charged: 0,
    next_attempt_at: now,
    expires_at: null,
  } as const satisfies Partial<DeliveryDocument>;
}

/**
 * Sends a delivery once more if it has ended, and makes its lane due in any case. Answers the delivery as it
 * is then.
 */
export async function redeliver(
  context: CallbacksContext,
  delivery: DeliverySummary,
): Promise<DeliverySummary> {
  const { client, deliveries, queue, wake } = context;
  const { _id, tenant_id, callback_id } = delivery;
  const ended = { _id, tenant_id, ...hasEnded };
  // Its lane is woken with it: one that is woken before is taken for empty, and removed. It may be in work. Who
  // holds it and read its deliveries before this commit has an older count of wakes, and so does not remove it;
  // who removes it while this runs makes this run again, and who sends waits for this commit: it is a rare call.
  const found = await inTransaction(client, async (session) => {
    await deliveries.updateOne(ended, { $set: revived(new Date().toISOString()) }, { session });
    await queue.wakeLanes([laneKeyOf(delivery)], session);
    return deliveries.findOne<DeliverySummary>({ _id }, { projection: { body: 0 }, session });
  });
  wake([callback_id]);
  if (found === null) throw new DomainError("DELIVERY_NOT_FOUND");
  return found;
}
