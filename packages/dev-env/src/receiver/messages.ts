import { randomBytes, randomUUID } from "node:crypto";
import { Webhook } from "standardwebhooks";

/** A webhook that is on its way, and may be changed before. */
export interface Message {
  body: string;
  headers: Record<string, string>;
}

/** Which event of which order: the headers `waybill-sequence` and `waybill-previous-sequence`. */
export interface Place {
  order: string;
  sequence: number;
  previous: number;
}

const NO_ORDER = "00000000-0000-0000-0000-000000000000";

/** The message with its signature, made at `timestamp` (unix seconds). */
export function signed(secret: string, message = orderEvent(), timestamp = nowSeconds()): Message {
  const { message_id } = JSON.parse(message.body) as { message_id: string };
  const headers = {
    ...message.headers,
    "webhook-id": message_id,
    "webhook-timestamp": String(timestamp),
    "webhook-signature": new Webhook(secret).sign(message_id, new Date(timestamp * 1_000), message.body),
  };
  return { ...message, headers };
}

/** The message with other headers besides, or instead of, those it has. */
export function withHeaders(message: Message, headers: Record<string, string>): Message {
  return { ...message, headers: { ...message.headers, ...headers } };
}

/** An orderEvent, not signed yet; without a place the first of an order of its own. */
export function orderEvent(place: Place = { order: randomUUID(), sequence: 2, previous: 0 }): Message {
  const data = { order_id: place.order, customer_identifier: "receiver-check", status: "packed" };
  return messageOf("orderEvent", { ...data, shipments: [], shorts: [] }, place);
}

/** What `POST /callbacks/{id}/test` sends, not signed yet. */
export function testEvent(): Message {
  const data = { callback_id: randomUUID(), sent_at: new Date().toISOString() };
  return messageOf("test", data, { order: NO_ORDER, sequence: 0, previous: 0 });
}

/** A secret that no receiver knows. */
export function unknownSecret(): string {
  return `whsec_${randomBytes(32).toString("base64")}`;
}

/** Unix seconds. */
export function nowSeconds(): number {
  return Math.floor(Date.now() / 1_000);
}

function messageOf(message_type: string, data: object, { order, sequence, previous }: Place): Message {
  const callback_url = "https://client.com/api/orderEvent";
  const message = { callback_url, message_type, message_id: randomUUID(), data: [data], api_version: "1.0" };
  return {
    body: JSON.stringify(message),
    headers: {
      "content-type": "application/json",
      "user-agent": "Waybill/1.0",
      "waybill-order-id": order,
      "waybill-sequence": String(sequence),
      "waybill-previous-sequence": String(previous),
      "waybill-attempt": "1",
      "waybill-replay": "false",
      traceparent: `00-${randomBytes(16).toString("hex")}-${randomBytes(8).toString("hex")}-01`,
    },
  };
}
