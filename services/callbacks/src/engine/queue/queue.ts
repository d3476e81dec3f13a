import type { ClientSession } from "mongodb";
import type { AttemptDocument } from "../../attempt.ts";
import type { DeliveryChange, DeliveryDocument } from "../../delivery.ts";
import type { Told } from "../../delivery-event.ts";
import type { ClaimedLane, LaneDocument, QueueKind } from "../../lane.ts";

/**
 * The deliveries that are to be sent, in lanes, as those who send them see it. `mongo-queue.ts` is the one
 * that runs; the simulation has one in memory, which keeps the same promises (test/queue.test.ts).
 */
export interface DeliveryQueue {
  /** Every registration with lanes, and when the first of them is due. */
  findDue: () => Promise<DueEndpoint[]>;
  /**
   * Claims up to `limit` due lanes of a registration, those of the kind `first` before the others and among
   * them those that are due longest, and up to `ahead` fresh ones more (default: none). The lease holds for
   * `leaseMs` from before the call. Whoever held one and did not give it back may have sent its first
   * delivery: that attempt is noted as `unknown`.
   */
  claim: (callbackId: string, limit: number, first: QueueKind, ahead?: number) => Promise<ClaimedLane[]>;
  /**
   * Stores what attempts came to, and what their lanes do next; answers each lane's fate. Nothing is written
   * to a lane whose lease is void, and an attempt that somebody else has stored already changes no delivery.
   */
  settle: (settlements: readonly Settlement[]) => Promise<LaneFate[]>;
  /** Ends everything that claimed lanes hold, with one reason. */
  close: (lanes: readonly ClaimedLane[], reason: string) => Promise<void>;
  /**
   * Makes the lanes of deliveries that `storing` stores in the same transaction, and claims those that are
   * wanted: they are the caller's once it has committed. Lanes that are there already are left alone, since
   * those who send change them all the time: they have to be woken afterwards. No lane is made twice in one
   * transaction.
   */
  addLanes: (
    lanes: readonly NewLane[],
    storing: Promise<void>,
    session: ClientSession,
  ) => Promise<AddedLanes>;
  /**
   * Makes lanes due that have something new, each once however often it is named: one that is there keeps its
   * time. Repeating it is harmless. In a transaction it conflicts with those who send, so that is for what is rare.
   */
  wakeLanes: (lanes: readonly LaneKey[], session?: ClientSession) => Promise<void>;
  /** Makes every lane of registrations that are gone due, whatever it waits for: whoever claims it closes it. */
  hasten: (callbackIds: readonly string[]) => Promise<void>;
}

/** A registration that has lanes, and in how many milliseconds the first of them is due. */
export interface DueEndpoint {
  callbackId: string;
  waitMs: number;
}

/** Which lane it is. */
export type LaneKey = Pick<LaneDocument, "_id" | "tenant_id" | "callback_id" | "order_id">;

/** The lane of a delivery. */
export function laneKeyOf({
  lane_id,
  tenant_id,
  callback_id,
  order_id,
}: Pick<DeliveryDocument, "lane_id" | "tenant_id" | "callback_id" | "order_id">): LaneKey {
  return { _id: lane_id, tenant_id, callback_id, order_id };
}

/** Each lane once. */
export function distinctLanes(lanes: readonly LaneKey[]): LaneKey[] {
  return [...new Map(lanes.map((lane) => [lane._id, lane])).values()];
}

/** A lane with what is stored for it: all it has if it was not there. */
export interface NewLane extends LaneKey {
  deliveries: readonly DeliveryDocument[];
  isClaimed: boolean;
}

export interface AddedLanes {
  claimed: ClaimedLane[];
  /** Those that were there. */
  older: LaneKey[];
}

/** An attempt that has ended. */
export interface EndedAttempt {
  delivery: DeliveryDocument;
  change: DeliveryChange;
  attempt: AttemptDocument;
  /** What of it `waybill.deliveries.v1` tells; null if it is tried again. */
  told: Told | null;
}

/**
 * What a claimed lane does next: `extend` keeps it for another lease, `finish` removes it if nothing was
 * added since the claim, `release` makes it due, behind the others, `return` too, but where it was, since
 * nothing of it was sent, and a retry makes it due in so many milliseconds.
 */
export type LaneStep = "extend" | "finish" | "release" | "return" | { retryInMs: number };

export interface Settlement {
  lane: ClaimedLane;
  /** Null if none was made. */
  ended: EndedAttempt | null;
  step: LaneStep;
}

/** What became of a lane: still claimed, removed, due now, due after its retry's wait, or somebody else's. */
export type LaneFate = "held" | "gone" | "due" | "waiting" | "lost";
