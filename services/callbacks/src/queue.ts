import { randomUUID } from "node:crypto";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { AnyBulkWriteOperation, ClientSession } from "mongodb";
import type { CallbacksContext } from "./context.ts";
import { expiryOf, type DeliveryChange, type DeliveryDocument } from "./delivery.ts";
import type { LaneDocument } from "./lane.ts";

/**
 * The only reader and writer of deliveries and lanes. All times of a lane are the database's, so that
 * instances whose clocks lie apart agree.
 */
type QueueContext = Pick<CallbacksContext, "client" | "deliveries" | "lanes">;

/** A claimed lane: whoever claims it later makes this claim void. */
export interface ClaimedLane extends LaneDocument {
  lease: string;
  /** When the claim was asked for or last prolonged, by `performance.now()`: it holds at least from then. */
  heldSince: number;
}

/** Adds deliveries, in the transaction of whoever decided on them; lanes that are idle are due at once. */
export async function enqueue(
  { deliveries, lanes }: QueueContext,
  added: readonly DeliveryDocument[],
  session: ClientSession,
): Promise<void> {
  if (added.length === 0) return;
  await deliveries.insertMany([...added], { session });
  const pending = added.filter(({ status }) => status === "pending");
  const writes = [...Map.groupBy(pending, ({ lane_id }) => lane_id).values()].map(growLane);
  if (writes.length > 0) await lanes.bulkWrite(writes, { session, ordered: false });
}

/** A lane that waits for a retry or is being worked on keeps its time: a new event never overtakes. */
function growLane(added: DeliveryDocument[]): AnyBulkWriteOperation<LaneDocument> {
  const { lane_id, tenant_id, callback_id, order_id } = added[0]!;
  const set = {
    tenant_id,
    callback_id,
    order_id,
    next_at: { $ifNull: ["$next_at", "$$NOW"] },
    enqueued: { $add: [{ $ifNull: ["$enqueued", 0] }, added.length] },
    lease: { $ifNull: ["$lease", null] },
  };
  return { updateOne: { filter: { _id: lane_id }, update: [{ $set: set }], upsert: true } };
}

/** A registration that has lanes, and in how many milliseconds the first of them is due. */
export interface DueEndpoint {
  callbackId: string;
  waitMs: number;
}

/** Every registration with lanes. Reads one index entry of each, however many lanes it has (DISTINCT_SCAN). */
export async function findDueEndpoints({ lanes }: QueueContext): Promise<DueEndpoint[]> {
  const found = await lanes
    .aggregate<{ _id: string; wait_ms: number }>([
      { $sort: { callback_id: 1, next_at: 1 } },
      { $group: { _id: "$callback_id", next_at: { $first: "$next_at" } } },
      { $project: { wait_ms: { $toDouble: { $subtract: ["$next_at", "$$NOW"] } } } },
    ])
    .toArray();
  return found.map(({ _id, wait_ms }) => ({ callbackId: _id, waitMs: wait_ms }));
}

/** Claims up to `limit` due lanes of a registration for `leaseMs`, those that are due longest first. */
export async function claimLanes(
  { lanes }: QueueContext,
  callbackId: string,
  limit: number,
  leaseMs: number,
): Promise<ClaimedLane[]> {
  const isDue = { $expr: { $lte: ["$next_at", "$$NOW"] } };
  const due = await lanes
    .find({ callback_id: callbackId, ...isDue })
    .sort({ next_at: 1 })
    .limit(limit)
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  if (due.length === 0) return [];
  const lease = randomUUID();
  const heldSince = performance.now();
  const ids = due.map(({ _id }) => _id);
  await lanes.updateMany({ _id: { $in: ids }, ...isDue }, [{ $set: { lease, next_at: inMs(leaseMs) } }]);
  const claimed = await lanes.find({ _id: { $in: ids }, lease }).toArray();
  return claimed.map((lane) => ({ ...lane, lease, heldSince }));
}

/** The delivery of a lane that comes next; null if there is none. */
export function findNextDelivery(
  { deliveries }: QueueContext,
  { _id }: LaneDocument,
): Promise<DeliveryDocument | null> {
  return deliveries.findOne({ lane_id: _id, status: "pending" }, { sort: { sequence: 1 } });
}

/** What became of a lane: it has more to send, it is empty and gone, or somebody else has claimed it. */
export type LaneState = "held" | "empty" | "lost";

/**
 * Stores what an attempt changed. A delivery that is still pending makes its lane wait; one that has ended
 * leaves it, and the lane stays claimed for another `leaseMs` if it has more. Writes nothing if the claim
 * is void.
 */
export function storeAttempt(
  { client, deliveries, lanes }: QueueContext,
  lane: ClaimedLane,
  deliveryId: string,
  change: DeliveryChange,
  nextInMs: number,
): Promise<LaneState> {
  return inTransaction(client, async (session) => {
    const ended = change.status === "pending" ? 0 : 1;
    const state = await shrinkLane(lanes, lane, ended, nextInMs, session);
    if (state !== "lost") await deliveries.updateOne({ _id: deliveryId }, { $set: change }, { session });
    return state;
  });
}

async function shrinkLane(
  lanes: QueueContext["lanes"],
  { _id, lease }: ClaimedLane,
  ended: number,
  nextInMs: number,
  session: ClientSession,
): Promise<LaneState> {
  if (ended > 0) {
    // Only the last one's end removes the lane; an event that is added meanwhile conflicts with this write.
    const { deletedCount } = await lanes.deleteOne({ _id, lease, enqueued: { $lte: ended } }, { session });
    if (deletedCount === 1) return "empty";
  }
  const update = { $set: { enqueued: { $subtract: ["$enqueued", ended] }, next_at: inMs(nextInMs) } };
  const { matchedCount } = await lanes.updateOne({ _id, lease }, [update], { session });
  return matchedCount === 1 ? "held" : "lost";
}

/** Ends all pending deliveries of a lane with one reason, and the lane. Nothing if the claim is void. */
export async function endLane(
  { client, deliveries, lanes }: QueueContext,
  { _id, lease }: ClaimedLane,
  status: "failed" | "parked",
  reason: string,
): Promise<void> {
  const change = { status, reason, next_attempt_at: null, expires_at: expiryOf(status, Date.now()) };
  await inTransaction(client, async (session) => {
    const { deletedCount } = await lanes.deleteOne({ _id, lease }, { session });
    if (deletedCount === 0) return;
    await deliveries.updateMany({ lane_id: _id, status: "pending" }, { $set: change }, { session });
  });
}

/** Puts a claimed lane right that counts deliveries which are not there: empty it goes, else it is due. */
export async function mendLane(
  { client, deliveries, lanes }: QueueContext,
  { _id, lease }: ClaimedLane,
): Promise<void> {
  await inTransaction(client, async (session) => {
    const enqueued = await deliveries.countDocuments({ lane_id: _id, status: "pending" }, { session });
    const update = [{ $set: { enqueued, next_at: "$$NOW" } }];
    if (enqueued === 0) await lanes.deleteOne({ _id, lease }, { session });
    else await lanes.updateOne({ _id, lease }, update, { session });
  });
}

/** Gives a claimed lane back: it is due at once. */
export async function releaseLane({ lanes }: QueueContext, { _id, lease }: ClaimedLane): Promise<void> {
  await lanes.updateOne({ _id, lease }, [{ $set: { next_at: "$$NOW" } }]);
}

/** Makes every lane of a registration due, whatever it waits for. */
export async function hastenLanes({ lanes }: QueueContext, callbackIds: readonly string[]): Promise<void> {
  await lanes.updateMany({ callback_id: { $in: [...callbackIds] } }, [
    { $set: { next_at: { $min: ["$next_at", "$$NOW"] } } },
  ]);
}

function inMs(ms: number) {
  return { $add: ["$$NOW", Math.round(ms)] };
}
