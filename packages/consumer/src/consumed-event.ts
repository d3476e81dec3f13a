import type { IHeaders, KafkaMessage } from "kafkajs";

/** An event as a consumer gets it. */
export interface ConsumedEvent {
  /** `ce_id`: stable over repeats. */
  id: string;
  /** Such as `waybill.order.shipped.v1`. */
  type: string;
  tenantId: string;
  /** Whose `sequence` it is (`ce_subject`): the order's id on the order topic. */
  aggregateId: string;
  /** Gap-free per aggregate, from 1; a repeat has the same. */
  sequence: number;
  /** When it happened: RFC 3339, UTC. */
  time: string;
  /** The webhook it causes, such as `orderEvent`; null if none. */
  messageType: string | null;
  /** Empty if the message carries none. */
  traceparent: string;
  /** The data: JSON, byte for byte as it was written. */
  data: string;
}

/** A message that is no event, with the reason for the dead letter. */
export class Undecodable extends Error {
  override readonly name = "Undecodable";
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A Kafka message as an event: the reverse of `toMessage`. Throws `Undecodable`. */
export function toConsumedEvent({ value, headers = {} }: KafkaMessage): ConsumedEvent {
  header(headers, "ce_specversion", /^1\.0$/);
  return {
    id: header(headers, "ce_id", /^.{1,200}$/),
    type: header(headers, "ce_type", /^[a-z][a-z0-9_.-]{0,199}$/),
    tenantId: header(headers, "ce_tenantid", /^.{1,200}$/),
    aggregateId: header(headers, "ce_subject", /^.{1,200}$/),
    sequence: Number(header(headers, "ce_sequence", /^(?=.*[1-9])\d{1,15}$/)),
    time: timeOf(headers),
    messageType: text(headers["ce_messagetype"]) && header(headers, "ce_messagetype", /^[A-Za-z]\w{0,99}$/),
    traceparent: text(headers["traceparent"]) ?? "",
    data: dataOf(value),
  };
}

function header(headers: IHeaders, name: string, pattern: RegExp): string {
  const value = text(headers[name]);
  if (value === null) throw new Undecodable(`the header ${name} is missing`);
  if (!pattern.test(value)) throw new Undecodable(`the header ${name} has an unknown form`);
  return value;
}

/** A header that is there twice is none. */
function text(value: IHeaders[string]): string | null {
  return value === undefined || value === null || Array.isArray(value) ? null : value.toString();
}

function timeOf(headers: IHeaders): string {
  const time = header(headers, "ce_time", /^\d{4}-\d\d-\d\dT.{1,30}$/);
  if (Number.isNaN(Date.parse(time))) throw new Undecodable("the header ce_time has an unknown form");
  return time;
}

function dataOf(value: Buffer | null): string {
  if (value === null) throw new Undecodable("the value is missing");
  try {
    const data = utf8.decode(value);
    JSON.parse(data);
    return data;
  } catch {
    throw new Undecodable("the value is not JSON");
  }
}
