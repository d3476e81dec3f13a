import type { AttemptDocument } from "../src/attempt.ts";
import { unknownAttempt, type DeliveryDocument } from "../src/delivery.ts";
import {
  distinctLanes,
  type DeliveryQueue,
  type EndedAttempt,
  type LaneFate,
  type LaneKey,
  type Settlement,
} from "../src/engine/queue/queue.ts";
import {
  callbackOfQueue,
  HEADS_MAX,
  queueId,
  type ClaimedLane,
  type LaneDocument,
  type QueueKind,
} from "../src/lane.ts";

/** A queue in memory that keeps the promises of the one in MongoDB: test/queue.test.ts runs on both. */
export interface MemoryQueue extends DeliveryQueue {
  deliveries: Map<string, DeliveryDocument>;
  attempts: Map<string, AttemptDocument>;
  lanes: Map<string, LaneDocument>;
}

/** `now` is its clock, in milliseconds. */
export function memoryQueue(now: () => number, leaseMs: number): MemoryQueue {
  const deliveries = new Map<string, DeliveryDocument>();
  const attempts = new Map<string, AttemptDocument>();
  const lanes = new Map<string, LaneDocument>();
  let leases = 0;

  const dueLanes = (callbackId: string, kind: QueueKind) =>
    [...lanes.values()]
      .filter(({ queue, next_at }) => queue === queueId(callbackId, kind) && next_at.getTime() <= now())
      .toSorted((a, b) => a.next_at.getTime() - b.next_at.getTime());
  const headsOf = (laneId: string) =>
    [...deliveries.values()]
      .filter(({ lane_id, status }) => lane_id === laneId && status === "pending")
      .toSorted((a, b) => a.sequence - b.sequence)
      .slice(0, HEADS_MAX);
  const inMs = (ms: number) => new Date(now() + ms);

  const change = (id: string, fields: Partial<DeliveryDocument>) => {
    const found = deliveries.get(id);
    if (found) deliveries.set(id, { ...found, ...fields });
  };

  const storeAttempt = ({ delivery, change: fields, attempt }: EndedAttempt) => {
    const known = attempts.get(attempt._id);
    if (known === undefined || known.outcome === "unknown") attempts.set(attempt._id, attempt);
    const found = deliveries.get(delivery._id);
    const isNext = found?.status === "pending" && found.attempts_count === delivery.attempts_count;
    if (fields.status === "delivered" || isNext) change(delivery._id, fields);
  };

  const settleOne = ({ lane, ended, step }: Settlement): LaneFate => {
    if (ended) storeAttempt(ended);
    const found = lanes.get(lane._id);
    const isHeld = found !== undefined && found.lease === lane.lease;
    const set = (fields: Partial<LaneDocument>) => isHeld && lanes.set(lane._id, { ...found, ...fields });
    const fresh = queueId(lane.callback_id, "fresh");
    if (step === "finish") {
      if (!isHeld) return "due";
      if (found.wakes === lane.wakes) return lanes.delete(lane._id) ? "gone" : "due";
      set({ lease: null, queue: fresh, next_at: inMs(0) });
      return "due";
    }
    if (step === "extend") {
      set({ queue: fresh, next_at: inMs(leaseMs) });
      return isHeld ? "held" : "lost";
    }
    if (step === "return") {
      set({ lease: null, next_at: lane.due_at });
      return "due";
    }
    if (step === "release") {
      set({ lease: null, next_at: inMs(0) });
      return "due";
    }
    set({ lease: null, queue: queueId(lane.callback_id, "late"), next_at: inMs(step.retryInMs) });
    return "waiting";
  };

  const wakeOne = (key: LaneKey) => {
    const found = lanes.get(key._id);
    const { _id, tenant_id, callback_id, order_id } = key;
    const queue = queueId(callback_id, "fresh");
    const made = { _id, tenant_id, callback_id, order_id, queue, next_at: inMs(0), wakes: 0, lease: null };
    const lane: LaneDocument = found ?? made;
    lanes.set(_id, { ...lane, wakes: lane.wakes + 1 });
  };

  const claimOne = (found: LaneDocument) => {
    leases += 1;
    const lane = { ...found, lease: String(leases), next_at: inMs(leaseMs) };
    lanes.set(lane._id, lane);
    return { ...lane, due_at: found.next_at };
  };

  return {
    deliveries,
    attempts,
    lanes,
    async findDue() {
      const first = new Map<string, number>();
      for (const { queue, next_at } of lanes.values())
        first.set(queue, Math.min(first.get(queue) ?? Infinity, next_at.getTime()));
      return [...first].map(([queue, atMs]) => ({
        callbackId: callbackOfQueue(queue),
        waitMs: atMs - now(),
      }));
    },
    async claim(callbackId, limit, first, ahead = 0) {
      const due: LaneDocument[] = [];
      for (const kind of first === "fresh" ? (["fresh", "late"] as const) : (["late", "fresh"] as const)) {
        const most = limit - due.length + (kind === "fresh" ? ahead : 0);
        due.push(...dueLanes(callbackId, kind).slice(0, Math.max(0, most)));
      }
      return due.map((found): ClaimedLane => {
        const [head] = headsOf(found._id);
        if (found.lease !== null && head)
          storeAttempt(unknownAttempt(head, found.next_at.getTime() - leaseMs, now()));
        return { ...claimOne(found), heads: headsOf(found._id) };
      });
    },
    async settle(settlements) {
      return settlements.map(settleOne);
    },
    async close(closed, reason) {
      for (const { _id, lease, wakes } of closed) {
        for (const delivery of deliveries.values())
          if (delivery.lane_id === _id && delivery.status === "pending")
            change(delivery._id, { status: "failed", reason, next_attempt_at: null });
        const found = lanes.get(_id);
        if (found?.lease === lease && found.wakes === wakes) lanes.delete(_id);
      }
    },
    async addLanes(added, storing) {
      await storing;
      const older = added.filter(({ _id }) => lanes.has(_id));
      const missing = added.filter(({ _id }) => !lanes.has(_id));
      missing.forEach(wakeOne);
      const claimed = missing
        .filter(({ isClaimed }) => isClaimed)
        .map(({ _id, deliveries: its }) => ({
          ...claimOne(lanes.get(_id)!),
          heads: its.slice(0, HEADS_MAX),
        }));
      return { claimed, older };
    },
    async wakeLanes(keys) {
      distinctLanes(keys).forEach(wakeOne);
    },
    async hasten(callbackIds) {
      for (const lane of lanes.values())
        if (callbackIds.includes(lane.callback_id) && lane.next_at.getTime() > now())
          lanes.set(lane._id, { ...lane, next_at: inMs(0) });
    },
  };
}
