import { commentOf } from "@waybill/contract/comments.ts";
import { descriptors } from "@waybill/contract/descriptors.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { firstSentence } from "./first-sentence.ts";
import { examplesOf } from "./examples.ts";
import type { Schemas } from "./schemas.ts";

/** The proto message of each webhook's data. */
export const webhookData = {
  orderEvent: "waybill.orders.v1.OrderEventData",
  orderUpdateResolution: "waybill.orders.v1.OrderUpdateRequest",
  orderCancelResolution: "waybill.orders.v1.OrderCancelRequest",
} as const;

const headers: readonly (readonly [name: string, description: string])[] = [
  ["webhook-id", "The event's id, the same for every attempt and registration: a repeat is told by it."],
  ["webhook-timestamp", "When this attempt was signed: seconds since 1970."],
  [
    "webhook-signature",
    "`v1,` and the Base64 of the HMAC-SHA256 of `id.timestamp.body`; several are separated by spaces.",
  ],
  ["waybill-order-id", "The order's UUID."],
  ["waybill-sequence", "The event's place among the order's events, from 1."],
  ["waybill-previous-sequence", "The order's previous event of this message type; 0 if there is none."],
  ["waybill-attempt", "Which attempt this is, from 1."],
  ["waybill-replay", "`true` if the delivery was asked for again."],
  ["traceparent", "The trace that the event belongs to (W3C Trace Context)."],
];

/** The `webhooks` of the document: what Waybill sends to the urls of `POST /callbacks`. */
export function toWebhooks(schemas: Schemas): Record<string, JsonSchema> {
  return Object.fromEntries(
    Object.entries(webhookData).map(([type, message]) => [type, { post: toWebhook(type, message, schemas) }]),
  );
}

function toWebhook(type: string, message: string, schemas: Schemas): JsonSchema {
  const comment = commentOf(descriptors.getMessage(message)!);
  return {
    operationId: type,
    tags: ["Callback"],
    summary: firstSentence(comment),
    description: `${comment}\n\nSent for each event, in the order's sequence, until it is answered with 2xx.`,
    security: [],
    parameters: headers.map(([name, description]) => ({
      name,
      in: "header",
      required: true,
      description,
      schema: { type: "string" },
    })),
    requestBody: {
      required: true,
      description: "Signed byte for byte: verify it before it is parsed.",
      content: {
        "application/json": { schema: payload(type, message, schemas), ...examplesOf(type, "request") },
      },
    },
    responses: {
      "2XX": {
        description:
          "Received. Any other answer is tried again, but for 410, which disables the registration.",
      },
    },
  };
}

function payload(type: string, message: string, schemas: Schemas): JsonSchema {
  return {
    type: "object",
    properties: {
      callback_url: { type: "string", format: "uri", description: "The url that was registered." },
      message_type: { const: type, description: "The message type that was registered." },
      message_id: { type: "string", format: "uuid", description: "The event's id." },
      api_version: { type: "string", description: "The version of the payload, `1.0`." },
      data: {
        type: "array",
        description: "One element.",
        items: schemas.refTo(descriptors.getMessage(message)!, "webhook"),
      },
    },
    required: ["callback_url", "message_type", "message_id", "data"],
  };
}
