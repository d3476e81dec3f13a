import { hash } from "node:crypto";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { idAt } from "@waybill/mongo/ids.ts";
import type { Topic } from "./topics.ts";

/** An event as a rule decides it: what happened, not yet when or as which number. */
export interface NewEvent {
  topic: Topic;
  /** Such as `waybill.order.created.v1`. */
  type: string;
  /** The webhook it causes, such as `orderEvent`; none if left out. */
  messageType?: string;
  /** The Kafka key, for what is ordered together with another aggregate; default: the aggregate's id. */
  key?: string;
  /** The event's data: what consumers, webhooks and REST show. */
  data: object;
}

/**
 * A row of the outbox, which is the event log: written once, in the transaction of the change it tells of,
 * and never updated. MongoDB removes it after its time.
 */
export interface OutboxRow {
  /** The event's id, a UUID version 7: `ce_id`, `message_id`. Per aggregate it sorts as `sequence` does. */
  _id: string;
  tenant_id: string;
  /** Whose `sequence` it is: `ce_subject`. */
  aggregate_id: string;
  /** The Kafka key. */
  key: string;
  /** Gap-free per aggregate, from 1. */
  sequence: number;
  topic: Topic;
  type: string;
  message_type: string | null;
  /** When it happened: RFC 3339, UTC. */
  time: string;
  /** The JSON that every reader gets, byte for byte. */
  data: string;
  traceparent: string;
  /** Which relay publishes it, by its key: what shares a partition is published in commit order. */
  slot: number;
  expires_at: Date;
}

/** Relays share the outbox by slots; a slot is published by one relay at a time. */
export const SLOTS = 16;
/** An event larger than this would not pass Kafka in a batch with others. */
export const EVENT_BYTES_MAX = 1024 * 1024;
/** How long a row is kept. */
export const OUTBOX_KEPT_MS = 90 * 24 * 3600 * 1000;

/** The collection of the outbox, with its indexes. */
export const outboxCollection: CollectionDeclaration = {
  name: "outbox",
  indexes: [
    { name: "by_aggregate", key: { tenant_id: 1, aggregate_id: 1, sequence: 1 }, unique: true },
    { name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 },
  ],
};

/** What an event belongs to. */
export interface EventSource {
  tenantId: string;
  aggregateId: string;
  /** The sequence of the aggregate's last event; 0 if it has none. */
  lastSequence: number;
  /** When the change happened: RFC 3339, later than the aggregate's last event. */
  time: string;
  traceparent: string;
  /** How many rows the transaction has before these; default 0. */
  rowsBefore?: number;
}

/**
 * The outbox rows of the events of one change; ids sort as the rows of a transaction do. Throws `RECORD_TOO_LARGE` for an event that Kafka would not
 * take, so that none is ever stuck at the head of the queue.
 */
export function toOutboxRows(source: EventSource, events: readonly NewEvent[]): OutboxRow[] {
  const timeMs = Date.parse(source.time);
  return events.map((event, index) => ({
    _id: idAt(timeMs, (source.rowsBefore ?? 0) + index),
    tenant_id: source.tenantId,
    aggregate_id: source.aggregateId,
    key: event.key ?? source.aggregateId,
    sequence: source.lastSequence + 1 + index,
    topic: event.topic,
    type: event.type,
    message_type: event.messageType ?? null,
    time: source.time,
    data: dataOf(event),
    traceparent: source.traceparent,
    slot: slotOf(event.key ?? source.aggregateId),
    expires_at: new Date(timeMs + OUTBOX_KEPT_MS),
  }));
}

/** The slot of everything with one key, such as an aggregate's id. */
export function slotOf(key: string): number {
  return Number.parseInt(hash("md5", key).slice(0, 8), 16) % SLOTS;
}

function dataOf(event: NewEvent): string {
  const data = JSON.stringify(event.data);
  if (Buffer.byteLength(data) > EVENT_BYTES_MAX) {
    throw new DomainError("RECORD_TOO_LARGE", `must be at most ${EVENT_BYTES_MAX} bytes of JSON`);
  }
  return data;
}
