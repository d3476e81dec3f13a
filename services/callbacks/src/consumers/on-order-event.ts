import { applyOnce, type AppliedStore, type FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import type { ClientSession } from "mongodb";
import type { CallbackDocument } from "../callback.ts";
import type { CallbacksContext } from "../context.ts";
import { createDelivery } from "../delivery.ts";
import { insertDeliveries } from "../delivery-store.ts";
import type { LaneKey } from "../engine/queue.ts";
import { laneId } from "../lane.ts";
import { findCallbacksFor } from "../store.ts";

/**
 * Stores one delivery of each event for each registration that asks for it, once, and then wakes their lanes,
 * outside of the transaction: it would conflict with those who send. A crash before that repeats the events,
 * and with them the waking.
 */
export async function onOrderEvents(
  context: CallbacksContext,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
): Promise<void> {
  const told = events.filter(({ messageType }) => messageType !== null);
  let lanes: LaneKey[] = [];
  let stored = 0;
  await applyOnce(applied, events, async (fresh, session) => {
    const freshlyTold = fresh.filter(({ messageType }) => messageType !== null);
    lanes = await storeDeliveries(context, freshlyTold, session);
    stored = freshlyTold.length;
  });
  if (stored < told.length) lanes = lanesOf(await wantedPairs(context, told));
  const woken = [...new Map(lanes.map((lane) => [lane._id, lane])).values()];
  await context.queue.wakeLanes(woken);
  context.wake([...new Set(woken.map(({ callback_id }) => callback_id))]);
}

async function storeDeliveries(
  context: CallbacksContext,
  events: readonly FreshEvent[],
  session: ClientSession,
): Promise<LaneKey[]> {
  const pairs = await wantedPairs(context, events, session);
  const now = new Date().toISOString();
  const made = pairs.map(({ event, callback }) => ({
    delivery: createDelivery(event, callback, now),
    callback,
  }));
  await insertDeliveries(context, made, session);
  return lanesOf(pairs);
}

interface Pair<Event> {
  event: Event;
  callback: CallbackDocument;
}

/** Each event with each registration that asks for it. */
async function wantedPairs<Event extends ConsumedEvent>(
  context: CallbacksContext,
  events: readonly Event[],
  session?: ClientSession,
): Promise<Pair<Event>[]> {
  if (events.length === 0) return [];
  const tenants = new Set(events.map(({ tenantId }) => tenantId));
  const types = new Set(events.map(({ messageType }) => messageType!));
  const callbacks = await findCallbacksFor(context, [...tenants], [...types], session);
  const wanted = Map.groupBy(callbacks, (callback) => `${callback.tenant_id} ${callback.message_type}`);
  return events.flatMap((event) =>
    (wanted.get(`${event.tenantId} ${event.messageType}`) ?? []).map((callback) => ({ event, callback })),
  );
}

function lanesOf(pairs: readonly Pair<ConsumedEvent>[]): LaneKey[] {
  return pairs.map(({ event, callback: { _id, tenant_id } }) => ({
    _id: laneId(_id, event.aggregateId),
    tenant_id,
    callback_id: _id,
    order_id: event.aggregateId,
  }));
}
