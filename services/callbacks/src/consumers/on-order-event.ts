import { applyOnce, type AppliedStore, type FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import type { ClientSession } from "mongodb";
import type { CallbackDocument } from "../callback.ts";
import type { CallbacksContext } from "../context.ts";
import { createDelivery } from "../delivery.ts";
import { insertDeliveries } from "../delivery-store.ts";
import type { Places } from "../engine/dispatch/places.ts";
import { laneKeyOf, type LaneKey } from "../engine/queue/queue.ts";
import { laneId, type ClaimedLane } from "../lane.ts";
import { findCallbacksFor } from "../store.ts";

/**
 * Stores one delivery of each event for each registration that asks for it, once, with the lanes that are not
 * there yet; those that this process has room for are claimed in the same commit, and sent as soon as it is
 * there. Lanes that are there are woken afterwards: in the transaction it would conflict with those who send.
 * A crash before that repeats the events, and with them the waking.
 */
export async function onOrderEvents(
  context: CallbacksContext,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
): Promise<void> {
  const told = events.filter(isTold);
  // Beside the transaction, whose own reads wait for each other. What was registered before an event was
  // committed is there.
  const callbacks = findCallbacks(context, told);
  const [{ fresh, unclaimed, older }, found] = await Promise.all([
    storeOnce(context, applied, events, callbacks),
    callbacks,
  ]);
  context.wake(unclaimed);
  // What had been applied before may not have been woken.
  const woken = fresh < told.length ? lanesOf(pairsOf(told, found)) : older;
  await context.queue.wakeLanes(woken);
  context.wake([...new Set(woken.map(({ callback_id }) => callback_id))]);
}

interface Stored {
  claimed: ClaimedLane[];
  /** Registrations with new lanes that are not claimed. */
  unclaimed: string[];
  /** Lanes that were there. */
  older: LaneKey[];
}

/** Answers with `fresh`: how many events had not been applied before. */
async function storeOnce(
  context: CallbacksContext,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
  callbacks: Promise<CallbackDocument[]>,
): Promise<Stored & { fresh: number }> {
  const run: { stored: Stored; places: Places | null } = { stored: nothing, places: null };
  try {
    const fresh = await applyOnce(applied, events, async (all, session) => {
      const told = all.filter(isTold);
      // The transaction may have been run before, long enough ago for registrations to have changed.
      const found = run.places === null ? await callbacks : await findCallbacks(context, told);
      run.places?.fill([]);
      run.places = context.places();
      run.stored = await storeDeliveries(context, pairsOf(told, found), run.places, session);
    });
    // Nothing is fresh if another member was faster than the last run: what the one before claimed is void.
    const stored = fresh.length === 0 ? nothing : run.stored;
    run.places?.fill(stored.claimed);
    return { ...stored, fresh: fresh.filter(isTold).length };
  } catch (error) {
    run.places?.fill([]);
    throw error;
  }
}

function isTold({ messageType }: ConsumedEvent): boolean {
  return messageType !== null;
}

const nothing: Stored = { claimed: [], unclaimed: [], older: [] };

async function storeDeliveries(
  context: CallbacksContext,
  pairs: readonly Pair<FreshEvent>[],
  places: Places,
  session: ClientSession,
): Promise<Stored> {
  if (pairs.length === 0) return nothing;
  const now = new Date().toISOString();
  const told = pairs.map(({ event, callback }) => ({
    callback,
    delivery: createDelivery(event, callback, now),
  }));
  const lanes = [...Map.groupBy(told, ({ delivery }) => delivery.lane_id).values()].map((members) => ({
    ...laneKeyOf(members[0]!.delivery),
    deliveries: members.map(({ delivery }) => delivery),
    isClaimed: places.take(members[0]!.callback),
  }));
  const storing = insertDeliveries(context, told, session);
  const { claimed, older } = await context.queue.addLanes(lanes, storing, session);
  const others = new Set([...claimed, ...older].map(({ _id }) => _id));
  const due = lanes.filter(({ _id }) => !others.has(_id)).map(({ callback_id }) => callback_id);
  return { claimed, unclaimed: [...new Set(due)], older };
}

interface Pair<Event> {
  event: Event;
  callback: CallbackDocument;
}

/** The registrations that may ask for some of the events. */
async function findCallbacks(
  context: CallbacksContext,
  events: readonly ConsumedEvent[],
): Promise<CallbackDocument[]> {
  if (events.length === 0) return [];
  const tenants = new Set(events.map(({ tenantId }) => tenantId));
  const types = new Set(events.map(({ messageType }) => messageType!));
  return findCallbacksFor(context, [...tenants], [...types]);
}

/** Each event with each registration that asks for it. */
function pairsOf<Event extends ConsumedEvent>(
  events: readonly Event[],
  callbacks: readonly CallbackDocument[],
): Pair<Event>[] {
  const wanted = Map.groupBy(callbacks, (callback) => `${callback.tenant_id} ${callback.message_type}`);
  return events.flatMap((event) =>
    (wanted.get(`${event.tenantId} ${event.messageType}`) ?? []).map((callback) => ({ event, callback })),
  );
}

function lanesOf(pairs: readonly Pair<ConsumedEvent>[]): LaneKey[] {
  return pairs.map(({ event: { aggregateId: order_id }, callback: { _id: callback_id, tenant_id } }) =>
    laneKeyOf({ lane_id: laneId(callback_id, order_id), tenant_id, callback_id, order_id }),
  );
}
