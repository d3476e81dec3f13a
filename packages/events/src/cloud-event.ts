import type { IHeaders, Message } from "kafkajs";
import type { OutboxRow } from "./outbox.ts";

// CloudEvents orders `sequence` as text, so that it needs leading zeros.
const SEQUENCE_DIGITS = 12;

/** A row as a Kafka message: CloudEvents 1.0 in binary mode, the data as the value. */
export function toMessage(row: OutboxRow, source: string): Message {
  const headers: IHeaders = {
    ce_specversion: "1.0",
    ce_id: row._id,
    ce_source: source,
    ce_type: row.type,
    ce_subject: row.aggregate_id,
    ce_time: row.time,
    ce_sequence: String(row.sequence).padStart(SEQUENCE_DIGITS, "0"),
    ce_tenantid: row.tenant_id,
    traceparent: row.traceparent,
    "content-type": "application/json",
    ...(row.message_type === null ? {} : { ce_messagetype: row.message_type }),
  };
  return { key: row.key, value: row.data, headers };
}
