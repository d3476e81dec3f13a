import type { CallbackAttempt, CallbackDelivery } from "@waybill/proto/callbacks/v1/deliveries.ts";
import type { AttemptDocument } from "./attempt.ts";
import { pauseOf, type CallbackDocument } from "./callback.ts";
import type { DeliveryDocument } from "./delivery.ts";

/** A delivery without its bytes, which may be many. */
export type DeliverySummary = Omit<DeliveryDocument, "body">;

/** What decides whether a registration's deliveries are parked. */
export type RegistrationState = Pick<CallbackDocument, "_id" | "status" | "held">;

const UUID_SIZE = 36;

/** A delivery's id as callers have it, without the slash, which would part a path. */
export function shownId(id: string): string {
  return `${id.slice(0, UUID_SIZE)}.${id.slice(UUID_SIZE + 1)}`;
}

/** The stored id that `shownId` shows so. */
export function storedId(shown: string): string {
  return `${shown.slice(0, UUID_SIZE)}/${shown.slice(UUID_SIZE + 1)}`;
}

/** The message of a stored delivery, parked if what is pending at its registration is. */
export function toCallbackDelivery(
  delivery: DeliverySummary,
  registrations: readonly RegistrationState[],
): CallbackDelivery {
  const { _id, message_id, callback_id, order_id, message_type, sequence } = delivery;
  const { status, reason, attempts_count, next_attempt_at, replay, created_at } = delivery;
  const registration = registrations.find((one) => one._id === callback_id);
  const pause = status === "pending" && registration ? pauseOf(registration) : null;
  return {
    id: shownId(_id),
    message_id,
    callback_id,
    order_id,
    message_type,
    sequence,
    status: pause === null ? status : "parked",
    reason: pause ?? reason,
    attempts_count,
    next_attempt_at: pause === null ? next_attempt_at : null,
    replay,
    created_at,
  };
}

/** The message of a stored attempt. */
export function toCallbackAttempt(attempt: AttemptDocument): CallbackAttempt {
  const { number, at, outcome, status_code, duration_ms, phases, response_start, next_attempt_at } = attempt;
  return { number, at, outcome, status_code, duration_ms, phases, response_start, next_attempt_at };
}
