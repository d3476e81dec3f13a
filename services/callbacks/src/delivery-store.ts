import { DomainError } from "@waybill/errors/domain-error.ts";
import type { AttemptDocument } from "./attempt.ts";
import type { CallbackDocument } from "./callback.ts";
import type { CallbacksContext } from "./context.ts";
import type { DeliveryDocument } from "./delivery.ts";
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

/** The last attempts of a delivery, at most `limit`, in their order. */
export async function listStoredAttempts(
  { attempts }: CallbacksContext,
  deliveryId: string,
  limit: number,
): Promise<AttemptDocument[]> {
  const last = await attempts.find({ delivery_id: deliveryId }).sort({ number: -1 }).limit(limit).toArray();
  return last.reverse();
}

/** All registrations of a tenant, at most CALLBACKS_MAX. */
export function listTenantCallbacks(
  { callbacks }: CallbacksContext,
  tenantId: string,
): Promise<CallbackDocument[]> {
  return callbacks.find({ tenant_id: tenantId }).toArray();
}

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
 * Sends a delivery once more if it has ended, and makes its lane due in any case: after a crash between the
 * two a repeat does the rest. Answers the delivery as it is then.
 */
export async function redeliver(
  context: CallbacksContext,
  { _id, tenant_id, callback_id, order_id, lane_id }: DeliverySummary,
): Promise<DeliverySummary> {
  const { deliveries, queue, wake } = context;
  const ended = { _id, tenant_id, status: { $in: ["delivered" as const, "failed" as const] } };
  await deliveries.updateOne(ended, { $set: revived(new Date().toISOString()) });
  await queue.wakeLanes([{ _id: lane_id, tenant_id, callback_id, order_id }]);
  wake([callback_id]);
  const found = await deliveries.findOne<DeliverySummary>({ _id }, { projection: { body: 0 } });
  if (found === null) throw new DomainError("DELIVERY_NOT_FOUND");
  return found;
}
