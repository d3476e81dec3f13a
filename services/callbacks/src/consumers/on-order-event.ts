import { applyOnce, type AppliedStore, type FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/events/consumer/consumed-event.ts";
import type { ClientSession } from "mongodb";
import type { CallbacksContext } from "../context.ts";
import { createDelivery, type DeliveryDocument } from "../delivery.ts";
import { enqueue } from "../queue.ts";
import { findCallbacksFor } from "../store.ts";

/** Stores one delivery of each event for each registration that asks for it, once, and wakes the sending. */
export async function onOrderEvents(
  context: CallbacksContext,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
): Promise<void> {
  let stored: DeliveryDocument[] = [];
  await applyOnce(applied, events, async (fresh, session) => {
    stored = await decideDeliveries(context, fresh, session);
    await enqueue(context, stored, session);
  });
  context.wake([...new Set(stored.map(({ callback_id }) => callback_id))]);
}

async function decideDeliveries(
  context: CallbacksContext,
  events: readonly FreshEvent[],
  session: ClientSession,
): Promise<DeliveryDocument[]> {
  const told = events.filter(({ messageType }) => messageType !== null);
  if (told.length === 0) return [];
  const tenants = new Set(told.map(({ tenantId }) => tenantId));
  const types = new Set(told.map(({ messageType }) => messageType!));
  const callbacks = await findCallbacksFor(context, [...tenants], [...types], session);
  const wanted = Map.groupBy(callbacks, (callback) => `${callback.tenant_id} ${callback.message_type}`);
  const now = new Date().toISOString();
  return told.flatMap((event) =>
    (wanted.get(`${event.tenantId} ${event.messageType}`) ?? []).map((callback) =>
      createDelivery(event, callback, now),
    ),
  );
}
