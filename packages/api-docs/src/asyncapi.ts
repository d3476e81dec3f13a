import { commentOf } from "@waybill/contract/comments.ts";
import { descriptors } from "@waybill/contract/descriptors.ts";
import { eventsByTopic, type TopicEvents } from "@waybill/contract/events.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import type { Topic } from "@waybill/events/topics.ts";
import { firstSentence } from "./first-sentence.ts";
import { collectSchemas, type Schemas } from "./schemas.ts";
import { webhookData } from "./webhooks.ts";

/** What is promised of every topic. */
const promise =
  "Events with one key are in order, in one partition; `ce_sequence` counts them per subject from 1 without gaps. " +
  "Delivery is at least once: a repeat has the same `ce_id` and `ce_sequence`. Kept for 30 days.";

const info: JsonSchema = {
  title: "Waybill events",
  version: "1.0.0",
  description:
    `Everything that happens, on Kafka: CloudEvents 1.0 in binary mode, the data as JSON in the value. ${promise} ` +
    "A null is a value that is not set. New topics, types and keys may come at any time; what would break a reader " +
    "gets a new type. What one of Waybill's consumers cannot process goes to `<topic>.<group>.dlq`, kept for 90 days.",
  license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
};

const headerDescriptions: Readonly<Record<string, string>> = {
  ce_specversion: "`1.0`.",
  ce_id: "The event's id (UUID, version 7), the same over repeats; a webhook's `webhook-id`.",
  ce_source: "The service that wrote it.",
  ce_type: "The event's type.",
  ce_subject: "What it is about: the id of the aggregate.",
  ce_time: "When it happened: RFC 3339, UTC.",
  ce_sequence: "Its place among the events of its subject: twelve digits, from 000000000001.",
  ce_tenantid: "Whose it is.",
  ce_messagetype: "The webhook that it causes; not there if it causes none.",
  traceparent: "The trace that it belongs to (W3C Trace Context).",
  "content-type": "`application/json`.",
};

const letterDescriptions: Readonly<Record<string, string>> = {
  dlt_reason: "Why it was given up.",
  dlt_error: "The code of the catalogue, or the class of the error.",
  dlt_topic: "The topic that it was read from.",
  dlt_partition: "Its partition.",
  dlt_offset: "Its offset.",
  dlt_attempts: "How often it was tried; 0 if it could not be read.",
  dlt_at: "When it was given up: RFC 3339, UTC.",
};

const text = { type: "string" };

/** The AsyncAPI 3.0 document of the topics, made from the protos and the table of events. */
export function asyncApiDocument(): JsonSchema {
  const schemas = collectSchemas([], "#/components/schemas/");
  const topics = Object.entries(eventsByTopic satisfies Record<Topic, TopicEvents>);
  return {
    asyncapi: "3.0.0",
    info,
    defaultContentType: "application/json",
    channels: {
      ...Object.fromEntries(topics.map(([topic, facts]) => [topic, toChannel(topic, facts)])),
      deadLetters,
    },
    operations: Object.fromEntries(topics.map(([topic]) => [`send.${topic}`, toOperation(topic)])),
    components: {
      messages: {
        ...Object.fromEntries(topics.flatMap(([, { events }]) => toMessages(events, schemas))),
        deadLetter,
      },
      messageTraits: { cloudEvent: { headers: headersOf(headerDescriptions, ["ce_messagetype"]) } },
      schemas: schemas.components(),
    },
  };
}

function toChannel(topic: string, { description, key, events }: TopicEvents): JsonSchema {
  const refs = Object.keys(events).map((type) => [type, { $ref: `#/components/messages/${type}` }]);
  return {
    address: topic,
    title: topic,
    description: `${description} Key: ${key} ${promise}`,
    messages: Object.fromEntries(refs),
    bindings: { kafka: { topic, partitions: 12, bindingVersion: "0.5.0" } },
  };
}

function toOperation(topic: string): JsonSchema {
  return {
    action: "send",
    channel: { $ref: `#/channels/${topic}` },
    summary: `Waybill publishes to ${topic}.`,
  };
}

function toMessages(events: TopicEvents["events"], schemas: Schemas): [string, JsonSchema][] {
  return Object.entries(events).map(([type, name]) => {
    const message = descriptors.getMessage(name);
    if (!message) throw new Error(`the protos define no message ${name}`);
    return [
      type,
      {
        name: type,
        title: type,
        summary: firstSentence(commentOf(message)),
        contentType: "application/json",
        traits: [{ $ref: "#/components/messageTraits/cloudEvent" }],
        payload: schemas.refTo(message, "topic"),
        ...webhookTag(name),
      },
    ];
  });
}

/** Which webhook an event's data is told by. */
function webhookTag(message: string): JsonSchema {
  const webhook = Object.entries(webhookData).find(([, name]) => name === message)?.[0];
  return webhook ? { tags: [{ name: `webhook ${webhook}` }] } : {};
}

function headersOf(descriptions: Readonly<Record<string, string>>, optional: readonly string[]): JsonSchema {
  const names = Object.keys(descriptions);
  return {
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, { ...text, description: descriptions[name] }])),
    required: names.filter((name) => !optional.includes(name)),
  };
}

const deadLetters: JsonSchema = {
  address: "{topic}.{group}.dlq",
  title: "Dead letters",
  description:
    "What a consumer group could not process, whole, with the reason in headers. One partition, in the order in " +
    "which letters came; kept for 90 days.",
  parameters: {
    topic: { description: "The topic that was read." },
    group: { description: "The consumer group, such as `line-items`." },
  },
  messages: { deadLetter: { $ref: "#/components/messages/deadLetter" } },
};

const deadLetter: JsonSchema = {
  name: "deadLetter",
  title: "A dead letter",
  summary: "The message as it was, key and value untouched.",
  headers: headersOf(letterDescriptions, []),
  payload: {},
};
