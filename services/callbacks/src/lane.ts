import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { DeliveryDocument } from "./delivery.ts";

/**
 * The deliveries of one order to one registration that are still to be sent, in their order: what can fail
 * alone, waits alone. It exists while there are any.
 */
export interface LaneDocument {
  /** See `laneId`. */
  _id: string;
  tenant_id: string;
  callback_id: string;
  order_id: string;
  /** See `queueId`: lanes whose next delivery is new wait apart from those whose has failed before. */
  queue: string;
  /**
   * When the lane may be claimed, by the database's clock: at once, after its retry's wait, or, while
   * somebody works on it, when their lease runs out.
   */
  next_at: Date;
  /** Counts what was added. Whoever empties a lane removes it only if nothing was added since the claim. */
  wakes: number;
  /** Made anew by each claim: only who knows it may settle. Null if nobody works on it. */
  lease: string | null;
}

export const lanesCollection: CollectionDeclaration = {
  name: "lanes",
  indexes: [{ name: "due", key: { queue: 1, next_at: 1 } }],
};

/** Whether a lane's next delivery is sent for the first time or once more. */
export type QueueKind = "fresh" | "late";

/** A registration's lanes of one kind. */
export function queueId(callbackId: string, kind: QueueKind): string {
  return `${callbackId}/${kind}`;
}

/** Whose lanes a queue has. */
export function callbackOfQueue(queue: string): string {
  return queue.slice(0, queue.lastIndexOf("/"));
}

/** The lane of an order at a registration. */
export function laneId(callbackId: string, orderId: string): string {
  return `${callbackId}/${orderId}`;
}

/** A claimed lane: whoever claims it later makes this claim void. */
export interface ClaimedLane extends LaneDocument {
  lease: string;
  /** When it had become due: its place among the others. */
  due_at: Date;
  /** Its next deliveries, in their order, as they were after the claim; at most HEADS_MAX. */
  heads: DeliveryDocument[];
}

/** Deliveries that are read with a lane. With the largest events they stay below MongoDB's 16 MiB. */
export const HEADS_MAX = 4;
