import type { Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import type { CallbackState } from "@waybill/proto/callbacks/v1/events.ts";
import type { CallbackDocument } from "./callback.ts";

type Status = CallbackDocument["status"];

/** What tells that a registration has become so. */
const eventTypes: Readonly<Record<Status, string>> = {
  active: "waybill.callback.enabled.v1",
  disabled: "waybill.callback.disabled.v1",
  unreadable: "waybill.callback.unreadable.v1",
};

/** The registration with this status, and the event of it if it had another one. */
export function withStatus(
  found: CallbackDocument,
  status: Status,
  reason: string | null = null,
): Decision<CallbackDocument> {
  if (found.status === status) return { state: found, events: [] };
  const { _id: id, message_type } = found;
  const data: CallbackState = { id, message_type, status, reason };
  return {
    state: { ...found, status, status_reason: reason },
    events: [{ topic: topics.deliveries, type: eventTypes[status], data }],
  };
}
