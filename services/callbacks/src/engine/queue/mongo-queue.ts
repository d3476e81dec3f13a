import { randomUUID } from "node:crypto";
import { runAgain } from "@waybill/mongo/transaction.ts";
import type { AnyBulkWriteOperation, ClientSession } from "mongodb";
import type { CallbacksContext } from "../../context.ts";
import { callbackOfQueue, HEADS_MAX, queueId, type ClaimedLane, type LaneDocument } from "../../lane.ts";
import { claimLanes, inMs } from "./mongo-claims.ts";
import { failPending, storeOutcomes, type OutcomeContext } from "./outcomes.ts";
import {
  distinctLanes,
  type AddedLanes,
  type DeliveryQueue,
  type DueEndpoint,
  type LaneFate,
  type LaneKey,
  type LaneStep,
  type NewLane,
  type Settlement,
} from "./queue.ts";

type QueueContext = OutcomeContext & Pick<CallbacksContext, "lanes">;

/**
 * The queue in MongoDB. All times of a lane are the database's, so that instances whose clocks lie apart
 * agree. But for a redelivery's no transaction writes to lanes that are there, which would conflict with the
 * events that come for them: a delivery is written before its lane, so that a crash in between leaves a lane
 * that is looked at once more.
 */
export function mongoQueue(context: QueueContext, leaseMs: number): DeliveryQueue {
  return {
    findDue: () => findDueEndpoints(context),
    claim: (callbackId, limit, first, ahead = 0) =>
      claimLanes(context, { callbackId, limit, first, ahead, leaseMs }),
    settle: (settlements) => settle(context, settlements, leaseMs),
    close: (lanes, reason) => closeLanes(context, lanes, reason),
    addLanes: (lanes, storing, session) => addLanes(context, lanes, { storing, leaseMs, session }),
    wakeLanes: (lanes, session) => wakeLanes(context, lanes, session),
    hasten: (callbackIds) => hastenLanes(context, callbackIds),
  };
}

/** Reads one index entry of each queue, however many lanes it has (DISTINCT_SCAN). */
async function findDueEndpoints({ lanes }: QueueContext): Promise<DueEndpoint[]> {
  const found = await lanes
    .aggregate<{ _id: string; wait_ms: number }>([
      { $sort: { queue: 1, next_at: 1 } },
      { $group: { _id: "$queue", next_at: { $first: "$next_at" } } },
      { $project: { wait_ms: { $toDouble: { $subtract: ["$next_at", "$$NOW"] } } } },
    ])
    .toArray();
  return found.map(({ _id, wait_ms }) => ({ callbackId: callbackOfQueue(_id), waitMs: wait_ms }));
}

async function settle(
  context: QueueContext,
  settlements: readonly Settlement[],
  leaseMs: number,
): Promise<LaneFate[]> {
  const ended = settlements.flatMap((settlement) => settlement.ended ?? []);
  await storeOutcomes(context, ended);
  const writes = stepsOf(settlements, leaseMs);
  const { matchedCount, deletedCount } = await context.lanes.bulkWrite(writes, { ordered: false });
  if (matchedCount + deletedCount === settlements.length)
    return settlements.map(({ step }) => wantedFate(step));
  return fatesOfOthers(context, settlements);
}

function stepsOf(settlements: readonly Settlement[], leaseMs: number): AnyBulkWriteOperation<LaneDocument>[] {
  const ended = settlements.filter(({ step }) => step === "finish").map(({ lane }) => lane);
  const steps = settlements.flatMap(({ lane, step }) => (step === "finish" ? [] : [{ lane, step }]));
  const updates = steps.map(({ lane, step }) => {
    const { _id, lease } = lane;
    return { updateOne: { filter: { _id, lease }, update: [{ $set: fieldsAfter(lane, step, leaseMs) }] } };
  });
  return [...removalsOf(ended), ...updates];
}

/** Of lanes nothing was added to since they were claimed; those of one claim together, which is half the work. */
function removalsOf(lanes: readonly ClaimedLane[]): AnyBulkWriteOperation<LaneDocument>[] {
  const alike = Map.groupBy(lanes, ({ lease, wakes }) => `${lease} ${wakes}`);
  return [...alike.values()].map((members) => {
    const { lease, wakes } = members[0]!;
    return { deleteMany: { filter: { _id: { $in: members.map(({ _id }) => _id) }, lease, wakes } } };
  });
}

/** A lane's next delivery is late when it has failed before. */
function fieldsAfter(
  { callback_id, due_at }: ClaimedLane,
  step: Exclude<LaneStep, "finish">,
  leaseMs: number,
) {
  if (step === "release") return { lease: null, next_at: "$$NOW" };
  if (step === "return") return { lease: null, next_at: due_at };
  if (step === "extend") return { queue: queueId(callback_id, "fresh"), next_at: inMs(leaseMs) };
  return { lease: null, queue: queueId(callback_id, "late"), next_at: inMs(step.retryInMs) };
}

function wantedFate(step: Settlement["step"]): LaneFate {
  if (step === "extend") return "held";
  if (step === "finish") return "gone";
  return step === "release" || step === "return" ? "due" : "waiting";
}

/** Some lanes were not as their claim left them: added to, which makes them due, or claimed by somebody else. */
async function fatesOfOthers(
  { lanes }: QueueContext,
  settlements: readonly Settlement[],
): Promise<LaneFate[]> {
  const finished = settlements.filter(({ step }) => step === "finish");
  const release = ({ lane: { _id, lease, callback_id } }: Settlement) => {
    const waiting = { lease: null, queue: queueId(callback_id, "fresh"), next_at: "$$NOW" };
    return { updateOne: { filter: { _id, lease }, update: [{ $set: waiting }] } };
  };
  const extended = settlements.filter(({ step }) => step === "extend").map(({ lane }) => lane);
  const [held] = await Promise.all([
    lanes
      .find({ _id: { $in: extended.map(({ _id }) => _id) } })
      .project<LaneDocument>({ lease: 1 })
      .toArray(),
    finished.length > 0 ? lanes.bulkWrite(finished.map(release), { ordered: false }) : null,
  ]);
  const leases = new Map(held.map(({ _id, lease }) => [_id, lease]));
  return settlements.map(({ lane, step }) => {
    if (step === "finish") return "due";
    if (step === "extend" && leases.get(lane._id) !== lane.lease) return "lost";
    return wantedFate(step);
  });
}

async function closeLanes(
  context: QueueContext,
  closed: readonly ClaimedLane[],
  reason: string,
): Promise<void> {
  const ids = closed.map(({ _id }) => _id);
  while (!(await failPending(context, ids, reason)));
  await context.lanes.bulkWrite(removalsOf(closed), { ordered: false });
}

async function addLanes(
  { lanes }: QueueContext,
  added: readonly NewLane[],
  { storing, leaseMs, session }: { storing: Promise<void>; leaseMs: number; session: ClientSession },
): Promise<AddedLanes> {
  // Not in the transaction, whose commands wait for each other.
  const [looked, stored] = await Promise.allSettled([lanesThere(lanes, added), storing]);
  if (stored.status === "rejected") throw stored.reason;
  if (looked.status === "rejected") throw looked.reason;
  const [older, missing] = [
    added.filter(({ _id }) => looked.value.has(_id)),
    added.filter(({ _id }) => !looked.value.has(_id)),
  ];
  if (missing.length === 0) return { claimed: [], older };
  const lease = randomUUID();
  const writes = missing.map((lane) => wakeWrite(lane, lane.isClaimed ? { lease, leaseMs } : null));
  const { upsertedCount } = await lanes.bulkWrite(writes, { session, ordered: false });
  if (upsertedCount < missing.length) throw runAgain("lanes came meanwhile");
  const claimed = missing.filter(({ isClaimed }) => isClaimed).map((lane) => bornLane(lane, lease, leaseMs));
  return { claimed, older };
}

async function lanesThere(
  lanes: QueueContext["lanes"],
  asked: readonly LaneKey[],
): Promise<ReadonlySet<string>> {
  const ids = asked.map(({ _id }) => _id);
  const found = await lanes
    .find({ _id: { $in: ids } })
    .project<Pick<LaneDocument, "_id">>({ _id: 1 })
    .toArray();
  return new Set(found.map(({ _id }) => _id));
}

/** A lane as `addLanes` stored it, but for the time of its lease, which is the database's. */
function bornLane(
  { deliveries, isClaimed: _, ...key }: NewLane,
  lease: string,
  leaseMs: number,
): ClaimedLane {
  return {
    ...key,
    due_at: new Date(),
    queue: queueId(key.callback_id, "fresh"),
    next_at: new Date(Date.now() + leaseMs),
    wakes: 1,
    lease,
    heads: deliveries.slice(0, HEADS_MAX),
  };
}

async function wakeLanes(
  { lanes }: QueueContext,
  woken: readonly LaneKey[],
  session?: ClientSession,
): Promise<void> {
  const writes = distinctLanes(woken).map((lane) => wakeWrite(lane, null));
  if (writes.length > 0) await lanes.bulkWrite(writes, { ordered: false, ...(session && { session }) });
}

/**
 * A lane that waits for a retry or is being worked on keeps its time: a new event never overtakes. One that is
 * not there is made, and held from the beginning if so wanted.
 */
function wakeWrite(
  { _id, tenant_id, callback_id, order_id }: LaneKey,
  held: { lease: string; leaseMs: number } | null,
): AnyBulkWriteOperation<LaneDocument> {
  const set = {
    tenant_id,
    callback_id,
    order_id,
    queue: { $ifNull: ["$queue", queueId(callback_id, "fresh")] },
    next_at: { $ifNull: ["$next_at", held === null ? "$$NOW" : inMs(held.leaseMs)] },
    wakes: { $add: [{ $ifNull: ["$wakes", 0] }, 1] },
    lease: { $ifNull: ["$lease", held?.lease ?? null] },
  };
  return { updateOne: { filter: { _id }, update: [{ $set: set }], upsert: true } };
}

async function hastenLanes({ lanes }: QueueContext, callbackIds: readonly string[]): Promise<void> {
  const queue = { $in: callbackIds.flatMap((id) => [queueId(id, "fresh"), queueId(id, "late")]) };
  await lanes.updateMany({ queue }, [{ $set: { next_at: { $min: ["$next_at", "$$NOW"] } } }]);
}
