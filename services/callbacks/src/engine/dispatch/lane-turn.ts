import type { Logger } from "@waybill/process/log.ts";
import { unknownAnswer, type Answer } from "../../attempt.ts";
import { afterAttempt, toAttempt, type DeliveryDocument } from "../../delivery.ts";
import type { ClaimedLane } from "../../lane.ts";
import { HEADS_MAX } from "../../lane.ts";
import { judge, type RetryRule, type Verdict } from "../../verdict.ts";
import type { Clock } from "../clock.ts";
import type { Egress } from "../receiver/egress.ts";
import type { Ticket } from "../receiver/endpoint-gate.ts";
import { lessonOf } from "../receiver/lesson.ts";
import type { EndedAttempt, LaneFate, LaneStep, Settlement } from "../queue/queue.ts";
import type { LaneWork } from "./lane-work.ts";

/** What a lease has beyond the longest attempt: for reading what to send, and for storing what came of it. */
const LEASE_MARGIN_MS = 10_000;
/**
 * A process that dies while it stores outcomes leaves these deliveries locked until MongoDB ends its transaction:
 * after 12 s, which it looks for every 6 s (`transactionLifetimeLimitSeconds`). Nobody else touches them earlier.
 */
const LEASE_MS_MIN = 20_000;
/** Of that, what may pass before an attempt begins. */
const START_MS_MAX = 5_000;
/** And what storing may take while the database is away. */
export const SETTLE_MS_MAX = 4_000;

/** How long a claim holds: longer than one attempt, so that one that is in work is never void. */
export function leaseMsFor(attemptMsMax: number): number {
  return Math.max(attemptMsMax + LEASE_MARGIN_MS, LEASE_MS_MIN);
}

/** What sending the deliveries of lanes needs. */
export interface TurnOptions<Endpoint> {
  clock: Clock;
  /** Makes one attempt; rejects only when the signal aborts. */
  send: (delivery: DeliveryDocument, endpoint: Endpoint, signal: AbortSignal) => Promise<Answer>;
  egress: Egress;
  /** What attempts to this endpoint have to reach. */
  hostOf: (endpoint: Endpoint) => string;
  settle: (settlement: Settlement) => Promise<LaneFate>;
  /** The receiver is gone: nothing is sent to it any more until its owner says so. */
  disable: (delivery: DeliveryDocument) => Promise<void>;
  retry: RetryRule;
  log: Logger;
}

/**
 * Sends the next deliveries of a claimed lane, in their order, until one has to be tried again later, the
 * lane is empty, its receiver's gate closes, or others should have its place. What an attempt came to is
 * stored before the next one is made. Answers in how many milliseconds the lane is due again; null if it is
 * not this one's concern any more.
 */
export async function takeTurn<Endpoint>(
  options: TurnOptions<Endpoint>,
  work: LaneWork<Endpoint>,
): Promise<number | null> {
  const { lane } = work;
  const settle = (step: LaneStep, ended: EndedAttempt | null = null) => options.settle({ lane, ended, step });
  if (lane.heads.length === 0) return dueAfter(await settle("finish"));
  let heldSince = work.heldSince;
  for (const [index, delivery] of lane.heads.entries()) {
    // A process that was frozen meanwhile must not send beside the lane's next owner.
    const isFresh = options.clock.now() - heldSince <= START_MS_MAX;
    const caller = { laneId: lane._id, isRetry: delivery.attempts_charged > 0 };
    const ticket = isFresh && work.mayGoOn() ? work.gate.begin(options.clock.now(), caller) : null;
    if (ticket === null) return dueAfter(await settle(index === 0 ? "return" : "release"));
    const made = await attempt(options, work, delivery, ticket);
    const step = stepAfter(lane, index, made.verdict);
    heldSince = options.clock.now();
    if (step !== "extend") work.over();
    const fate = await settle(step, made.ended);
    logAttempt(options.log, made, fate);
    if (fate !== "held") return dueAfter(fate, step);
  }
  return null;
}

interface MadeAttempt {
  ended: EndedAttempt;
  answer: Answer;
  verdict: Verdict;
}

/** One attempt, judged. */
async function attempt<Endpoint>(
  { clock, disable, retry, ...options }: TurnOptions<Endpoint>,
  work: LaneWork<Endpoint>,
  delivery: DeliveryDocument,
  ticket: Ticket,
): Promise<MadeAttempt> {
  const startedMs = clock.wallMs();
  const answer = await answerOf({ ...options, clock }, work, delivery, ticket);
  work.gate.end(ticket, lessonOf(answer), clock.now());
  const ageMs = startedMs - Date.parse(delivery.created_at);
  const verdict = judge(answer, { charged: delivery.attempts_charged, ageMs }, retry);
  if (verdict.status === "parked") {
    work.pause();
    await disable(delivery);
  }
  const change = afterAttempt(delivery, verdict, clock.wallMs());
  const told = verdict.status === "pending" ? null : verdict.status;
  return {
    ended: { delivery, change, attempt: toAttempt(delivery, answer, change, startedMs), told },
    answer,
    verdict,
  };
}

/** What came of it; `unknown` if this process stops before the answer: the same is sent once more by another. */
async function answerOf<Endpoint>(
  { clock, send, egress, hostOf }: Pick<TurnOptions<Endpoint>, "clock" | "send" | "egress" | "hostOf">,
  { gate, endpoint, signal }: LaneWork<Endpoint>,
  delivery: DeliveryDocument,
  ticket: Ticket,
): Promise<Answer> {
  try {
    const answer = await send(delivery, endpoint, signal);
    return { ...answer, outcome: egress.judge(hostOf(endpoint), answer.outcome, clock.now()) };
  } catch (error) {
    if (signal.aborted) return unknownAnswer(Math.round(clock.now() - ticket.beganMs));
    gate.end(ticket, null, clock.now());
    throw error;
  }
}

function stepAfter({ heads }: ClaimedLane, index: number, verdict: Verdict): LaneStep {
  if (verdict.status === "pending")
    return verdict.waitMs === 0 && !verdict.charged ? "release" : { retryInMs: verdict.waitMs };
  if (verdict.status === "parked") return "release";
  if (index + 1 < heads.length) return "extend";
  // A full list may have been cut off.
  return heads.length < HEADS_MAX ? "finish" : "release";
}

function dueAfter(fate: LaneFate, step?: LaneStep): number | null {
  if (fate === "due") return 0;
  return fate === "waiting" && typeof step === "object" ? Math.max(step.retryInMs, 1) : null;
}

function logAttempt(log: Logger, { ended, answer }: MadeAttempt, fate: LaneFate): void {
  const { delivery, change } = ended;
  log.info(
    {
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
      lane: fate,
    },
    "delivery.attempted",
  );
}
