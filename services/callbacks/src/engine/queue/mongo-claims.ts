import { randomUUID } from "node:crypto";
import type { CallbacksContext } from "../../context.ts";
import { unknownAttempt, type DeliveryDocument } from "../../delivery.ts";
import { HEADS_MAX, queueId, type ClaimedLane, type LaneDocument, type QueueKind } from "../../lane.ts";
import { storeOutcomes, type OutcomeContext } from "./outcomes.ts";
import type { EndedAttempt } from "./queue.ts";

type ClaimContext = OutcomeContext & Pick<CallbacksContext, "lanes">;

/** Which lanes are claimed, and for how long. */
export interface Claim {
  callbackId: string;
  limit: number;
  /** Of fresh lanes so many more. */
  ahead: number;
  first: QueueKind;
  leaseMs: number;
}

const isDue = { $expr: { $lte: ["$next_at", "$$NOW"] } };

/** As `claim` of `DeliveryQueue`. */
export async function claimLanes(context: ClaimContext, claim: Claim): Promise<ClaimedLane[]> {
  const due = await findDueLanes(context, claim);
  if (due.length === 0) return [];
  const ids = due.map(({ _id }) => _id);
  const lease = randomUUID();
  const taking = [{ $set: { lease, next_at: inMs(claim.leaseMs) } }];
  await context.lanes.updateMany({ _id: { $in: ids }, ...isDue }, taking);
  const claimed = await readClaimed(context, ids, lease);
  const lanes = due.flatMap(({ _id, next_at }) => {
    const lane = claimed.get(_id);
    return lane ? { ...lane, due_at: next_at } : [];
  });
  const left = new Map(due.filter((lane) => lane.lease !== null).map((lane) => [lane._id, lane.next_at]));
  return left.size === 0 ? lanes : noteUnknown(context, lanes, left, claim.leaseMs);
}

type DueLane = Pick<LaneDocument, "_id" | "lease" | "next_at">;

async function findDueLanes(
  { lanes }: ClaimContext,
  { callbackId, limit, ahead, first }: Claim,
): Promise<DueLane[]> {
  const found: DueLane[] = [];
  for (const kind of first === "fresh" ? (["fresh", "late"] as const) : (["late", "fresh"] as const)) {
    const most = limit - found.length + (kind === "fresh" ? ahead : 0);
    if (most <= 0) continue;
    const due = await lanes
      .find({ queue: queueId(callbackId, kind), ...isDue })
      .sort({ next_at: 1 })
      .limit(most)
      .batchSize(most)
      .project<DueLane>({ lease: 1, next_at: 1 })
      .toArray();
    found.push(...due);
  }
  return found;
}

/**
 * Notes the attempts of those who did not give their lanes back before their leases ran out (`left`: when):
 * they may have sent the first delivery.
 */
async function noteUnknown(
  context: ClaimContext,
  lanes: readonly ClaimedLane[],
  left: ReadonlyMap<string, Date>,
  leaseMs: number,
): Promise<ClaimedLane[]> {
  const nowMs = Date.now();
  const ended: EndedAttempt[] = [];
  const noted = lanes.map((lane) => {
    const [head, ...rest] = lane.heads;
    const leftAt = left.get(lane._id);
    if (!head || !leftAt) return lane;
    const one = unknownAttempt(head, leftAt.getTime() - leaseMs, nowMs);
    ended.push(one);
    return { ...lane, heads: [{ ...head, ...one.change }, ...rest] };
  });
  await storeOutcomes(context, ended);
  return noted;
}

/** The lanes before their deliveries: what is added in between makes `wakes` differ, so that nobody removes the lane. */
async function readClaimed(
  context: ClaimContext,
  ids: string[],
  lease: string,
): Promise<Map<string, Omit<ClaimedLane, "due_at">>> {
  const mine = context.lanes.find({ _id: { $in: ids }, lease }).limit(ids.length);
  const taken = await mine.batchSize(ids.length).toArray();
  if (taken.length === 0) return new Map();
  const takenIds = taken.map(({ _id }) => _id);
  const heads = await readHeads(context, takenIds);
  return new Map(taken.map((lane) => [lane._id, { ...lane, lease, heads: heads.get(lane._id) ?? [] }]));
}

/** The next deliveries of each lane: all in one look, which is half the work, unless it is full of those of a few. */
async function readHeads(context: ClaimContext, ids: string[]): Promise<Map<string, DeliveryDocument[]>> {
  const limit = ids.length * HEADS_MAX;
  const found = await context.deliveries
    .find({ lane_id: { $in: ids }, status: "pending" })
    .sort({ lane_id: 1, sequence: 1 })
    .limit(limit)
    .batchSize(limit)
    .toArray();
  if (found.length === limit) return readHeadsOfEach(context, ids);
  const heads = Map.groupBy(found, ({ lane_id }) => lane_id);
  return new Map([...heads].map(([id, all]) => [id, all.slice(0, HEADS_MAX)]));
}

async function readHeadsOfEach({ lanes, deliveries }: ClaimContext, ids: string[]) {
  const next = [{ $match: { status: "pending" } }, { $sort: { sequence: 1 } }, { $limit: HEADS_MAX }];
  const from = deliveries.collectionName;
  const found = await lanes
    .aggregate<Pick<ClaimedLane, "_id" | "heads">>([
      { $match: { _id: { $in: ids } } },
      { $lookup: { from, localField: "_id", foreignField: "lane_id", pipeline: next, as: "heads" } },
      { $project: { heads: 1 } },
    ])
    .toArray();
  return new Map(found.map(({ _id, heads }) => [_id, heads]));
}

/** So many milliseconds from now, by the database's clock. */
export function inMs(ms: number) {
  return { $add: ["$$NOW", Math.round(ms)] };
}
