import type { Logger } from "@waybill/process/log.ts";
import type { CallbackDocument } from "./callback.ts";
import type { CallbacksContext } from "./context.ts";
import {
  afterAttempt,
  judge,
  type Answer,
  type DeliveryChange,
  type DeliveryDocument,
  type RetryRule,
  type Verdict,
} from "./delivery.ts";
import { endLane, findNextDelivery, mendLane, releaseLane, storeAttempt, type ClaimedLane } from "./queue.ts";
import type { Sender } from "./send.ts";
import { disableCallback, getCallbackDocument } from "./store.ts";
import { toWebhook } from "./webhook.ts";

/** Deliveries that a lane may send before the registration's other lanes get its place. */
const TURN_DELIVERIES_MAX = 16;
/** What a lease has beyond the longest attempt: for reading what to send, and for storing what came of it. */
const LEASE_MARGIN_MS = 10_000;
/** Of that, what may pass before an attempt begins. */
const START_MS_MAX = 5_000;

/** What sending the deliveries of lanes needs. */
export interface TurnOptions {
  context: CallbacksContext;
  sender: Sender;
  retry: RetryRule;
  /** How long an attempt may take. */
  attemptMsMax: number;
  log: Logger;
}

/** How long a claim holds: longer than one attempt, so that it never needs renewing. */
export function leaseMsFor(attemptMsMax: number): number {
  return attemptMsMax + LEASE_MARGIN_MS;
}

/**
 * Sends what a claimed lane has, in its order, until a retry is due later, it is empty, or others should have
 * its place. Answers in how many milliseconds the lane is due again; null if it is not this one's concern.
 */
export async function workOnLane(
  options: TurnOptions,
  lane: ClaimedLane,
  signal: AbortSignal,
): Promise<number | null> {
  const { context } = options;
  for (let sent = 0; sent < TURN_DELIVERIES_MAX && !signal.aborted; sent += 1) {
    const [callback, delivery] = await Promise.all([
      getCallbackDocument(context, lane.callback_id),
      findNextDelivery(context, lane),
    ]);
    if (callback === null) return endAs(context, lane, "failed", "registration deleted");
    if (callback.status === "disabled") return endAs(context, lane, "parked", "registration disabled");
    if (delivery === null) return mendLane(context, lane).then(() => null);
    // A process that was frozen meanwhile must not send beside the lane's next owner.
    if (performance.now() - lane.heldSince > START_MS_MAX) return null;
    const dueInMs = await attempt(options, lane, callback, delivery, signal);
    if (dueInMs !== 0) return dueInMs;
  }
  await releaseLane(context, lane);
  return 0;
}

async function endAs(
  context: CallbacksContext,
  lane: ClaimedLane,
  status: "failed" | "parked",
  reason: string,
): Promise<null> {
  await endLane(context, lane, status, reason);
  return null;
}

/** One attempt. Answers 0 if the lane has more to send now. */
async function attempt(
  options: TurnOptions,
  lane: ClaimedLane,
  callback: CallbackDocument,
  delivery: DeliveryDocument,
  signal: AbortSignal,
): Promise<number | null> {
  const { context, sender, retry, log, attemptMsMax } = options;
  const startedMs = Date.now();
  const answer = await sendUnlessStopped(
    sender,
    toWebhook(delivery, callback, context.vault, startedMs),
    signal,
  );
  if (answer === null) return 0;
  const ageMs = startedMs - Date.parse(delivery.created_at);
  const verdict = judge(answer, { charged: delivery.attempts_charged, ageMs }, retry);
  if (verdict.status === "parked") await disableCallback(context, callback._id);
  const change = afterAttempt(delivery, answer, verdict, startedMs, Date.now());
  const waitMs = verdict.status === "pending" ? verdict.waitMs : leaseMsFor(attemptMsMax);
  lane.heldSince = performance.now();
  const state = await storeAttempt(context, lane, delivery._id, change, waitMs);
  log.info({ ...attemptFacts(delivery, answer, change), lane: state }, "delivery.attempted");
  return dueAfter(verdict, state);
}

/** Null if this process stops before the answer: the lane goes to another, who sends the same once more. */
async function sendUnlessStopped(
  sender: Sender,
  webhook: ReturnType<typeof toWebhook>,
  signal: AbortSignal,
): Promise<Answer | null> {
  try {
    return await sender.send(webhook, signal);
  } catch (error) {
    if (signal.aborted) return null;
    throw error;
  }
}

function dueAfter(verdict: Verdict, state: "held" | "empty" | "lost"): number | null {
  if (state !== "held") return null;
  return verdict.status === "pending" ? Math.max(verdict.waitMs, 1) : 0;
}

function attemptFacts(delivery: DeliveryDocument, answer: Answer, change: DeliveryChange) {
  return {
    tenant_id: delivery.tenant_id,
    callback_id: delivery.callback_id,
    order_id: delivery.order_id,
    message_id: delivery.message_id,
    sequence: delivery.sequence,
    traceparent: delivery.traceparent,
    attempt: change.attempts_count,
    outcome: answer.outcome,
    status_code: answer.statusCode,
    duration_ms: answer.durationMs,
    status: change.status,
    next_attempt_at: change.next_attempt_at,
  };
}
