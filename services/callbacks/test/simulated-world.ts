import type { Answer } from "../src/attempt.ts";
import type { CallbackDocument } from "../src/callback.ts";
import { createDelivery, type DeliveryDocument } from "../src/delivery.ts";
import type { Dispatcher } from "../src/engine/dispatch/dispatcher.ts";
import type { EndpointGate } from "../src/engine/receiver/endpoint-gate.ts";

/** What may go wrong in a run. */
export interface Weather {
  /** Processes are killed and started anew, or stand still for longer than a lease. */
  deaths: boolean;
  /** Registrations move from one instance to another. */
  moves: boolean;
  /** Calls of the database fail, before or after they did their work. */
  outages: boolean;
  /** Nobody looks around for due lanes: only wakes and the times of retries find them. */
  blind: boolean;
  /** The receivers are well, but for a time none of them can be reached. */
  cutOff: boolean;
  /** All events come at once, of many orders: more than the receivers have places for. */
  rush: boolean;
  /** Registrations are deleted. */
  deletes: boolean;
}

export type Endpoint = { id: string };

/** A process: what it waits for goes on only while it lives, and not while it stands still. */
export interface Instance {
  isAlive: boolean;
  frozenUntilMs: number;
  dispatcher: Dispatcher<Endpoint>;
}

/** What is on its way to a receiver. */
export interface Attempt {
  instance: Instance;
  laneId: string;
  callbackId: string;
}

export const ATTEMPT_MS_MAX = 3_000;
export const scheduleMs = [0, 500, 3_000, 20_000];

/** The delivery of an order's event to a registration. */
export function deliveryOf(callbackId: string, order: string, sequence: number): DeliveryDocument {
  const callback = { _id: callbackId, message_type: "orderEvent", url: "https://a.example/" };
  const event = {
    id: `${order}-${sequence}`,
    type: "x",
    tenantId: "t",
    aggregateId: order,
    sequence,
    previousOfType: 0,
    time: "",
    messageType: "orderEvent",
    traceparent: "",
    data: "{}",
  };
  return createDelivery(event, callback as CallbackDocument, new Date(0).toISOString());
}

const nothingTold = { retryAfterMs: null, phases: null as never, responseStart: null };

/** What a receiver that is well answers. */
export function goodAnswer(random: () => number): Answer {
  return { ...nothingTold, outcome: "ok", statusCode: 200, durationMs: 1 + random() * 150 };
}

/** What comes of an attempt that does not reach its receiver. */
export function lostAnswer(random: () => number): Answer {
  return { ...nothingTold, outcome: "connect", statusCode: null, durationMs: 1 + random() * 300 };
}

/**
 * What a receiver answers in the storm: `c1` is dark for a time, `c2` is often busy, the order `o1` is refused
 * again and again, and now and then one says that it is gone.
 */
export function answerIn(nowMs: number, delivery: DeliveryDocument, random: () => number): Answer {
  const ok = goodAnswer(random);
  const refusal = (statusCode: number, retryAfterMs: number | null = null): Answer => ({
    ...ok,
    outcome: "http",
    statusCode,
    retryAfterMs,
  });
  const { callback_id, order_id } = delivery;
  const isDark = callback_id === "c1" && nowMs % 30_000 < 20_000;
  if (isDark && random() < 0.5)
    return { ...ok, outcome: "timeout", statusCode: null, durationMs: ATTEMPT_MS_MAX };
  if (isDark) return refusal(502);
  if (callback_id === "c2" && random() < 0.2) return refusal(429, 1_500);
  if (order_id === "o1" && random() < 0.6) return refusal(500);
  return random() < 0.01 ? refusal(410) : ok;
}

/** A gate that calls `passed` whenever it lets an attempt through. */
export function watchedGate(gate: EndpointGate, passed: (isProbe: boolean) => void): EndpointGate {
  return new Proxy(gate, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (name === "begin")
        return (...asked: Parameters<EndpointGate["begin"]>) => {
          const ticket = target.begin(...asked);
          if (ticket !== null) passed(ticket.isProbe);
          return ticket;
        };
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Why the deliveries of a deleted registration have failed. */
export const DELETED = "deleted";

/** What is wrong with a delivery when all is over; `taken` holds those that a receiver has taken. */
export function endOf(
  _id: string,
  delivery: DeliveryDocument | undefined,
  taken: ReadonlySet<string>,
): string[] {
  if (!delivery) return [`${_id} was never stored`];
  const { status, reason, attempts_charged } = delivery;
  if (status === "pending") return [`${_id} was never sent`];
  if (reason === DELETED) return [];
  if (status === "delivered") return taken.has(_id) ? [] : [`${_id} is delivered to nobody`];
  return attempts_charged < scheduleMs.length ? [`${_id} was given up early`] : [];
}
