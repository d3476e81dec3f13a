import { toOutboxRows, type OutboxRow } from "@waybill/events/outbox.ts";
import { topics } from "@waybill/events/topics.ts";
import type { DeliveryOutcome } from "@waybill/proto/callbacks/v1/events.ts";
import type { AttemptDocument } from "./attempt.ts";
import { TEST_TYPE, type DeliveryDocument } from "./delivery.ts";
import { shownId, type DeliverySummary } from "./delivery-view.ts";

/** What a delivery became, as its topic tells it. */
export type Told = "delivered" | "failed" | "parked";

/** What is told of a delivery, and when. */
export interface Telling {
  told: Told;
  /** Why it failed or is parked; null otherwise. */
  reason: string | null;
  /** The attempt that led to it; null if none did. */
  attempt: Pick<AttemptDocument, "outcome" | "status_code" | "duration_ms"> | null;
  nowMs: number;
  /** Rows that the transaction has before this one. */
  rowsBefore: number;
}

/** How far a delivery's events are told, and the row of the next one. */
export interface ToldEvent {
  progress: Pick<DeliveryDocument, "told_count" | "told_at">;
  row: OutboxRow;
}

/**
 * The next event of a delivery, which is as it is after what the event tells. Its subject is the delivery; the
 * key is its order's, as on the order topic, so that what became of an order's webhooks comes in order.
 */
export function tell(delivery: DeliverySummary, telling: Telling): ToldEvent {
  const { _id, tenant_id, callback_id, order_id, message_type, told_count, told_at, traceparent } = delivery;
  const { told, nowMs, rowsBefore } = telling;
  const time = new Date(told_at === null ? nowMs : Math.max(nowMs, Date.parse(told_at) + 1)).toISOString();
  const source = {
    tenantId: tenant_id,
    aggregateId: shownId(_id),
    lastSequence: told_count,
    time,
    traceparent,
    rowsBefore,
  };
  const event = {
    topic: topics.deliveries,
    type: `waybill.delivery.${told}.v1`,
    key: message_type === TEST_TYPE ? callback_id : order_id,
    data: outcomeOf(delivery, telling),
  };
  const [row] = toOutboxRows(source, [event]);
  return { progress: { told_count: told_count + 1, told_at: time }, row: row! };
}

function outcomeOf(delivery: DeliverySummary, { told, reason, attempt }: Telling): DeliveryOutcome {
  const { _id, message_id, callback_id, order_id, message_type, sequence } = delivery;
  const { attempts_count, replay, created_at } = delivery;
  return {
    id: shownId(_id),
    message_id,
    callback_id,
    order_id,
    message_type,
    sequence,
    status: told,
    reason,
    attempts_count,
    replay,
    created_at,
    outcome: attempt?.outcome ?? null,
    status_code: attempt?.status_code ?? null,
    duration_ms: attempt?.duration_ms ?? null,
  };
}
