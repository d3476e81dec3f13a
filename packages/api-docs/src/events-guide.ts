import { commentOf } from "@waybill/contract/comments.ts";
import { descriptors } from "@waybill/contract/descriptors.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { eventsByTopic } from "@waybill/contract/events.ts";
import { collectSchemas, fieldsOf } from "./schemas.ts";

/** docs/events.md: every topic with its events, and the fields of their data. */
export function eventsGuide(): string {
  const topics = Object.entries(eventsByTopic).map(([topic, { description, key, events }]) => {
    const rows = Object.entries(events).map(
      ([type, message]) => `| \`${type}\` | ${linkTo(nameOf(message))} |`,
    );
    return `## ${topic}\n\n${description}\n\nKey: ${key}\n\n| type | data |\n| --- | --- |\n${rows.join("\n")}\n`;
  });
  return `${head}\n${topics.join("\n")}\n# The data\n\n${dataSections()}`;
}

const head = `# Topics and events

Made from the protos, as is [asyncapi.json](/asyncapi.json). What is promised of all topics stands in [Consuming topics](topics.md).
`;

function dataSections(): string {
  const roots = [...new Set(Object.values(eventsByTopic).flatMap(({ events }) => Object.values(events)))];
  const schemas = collectSchemas([]);
  for (const name of roots) schemas.refTo(descriptors.getMessage(name)!, "topic");
  const messages = roots.map((name) => descriptors.getMessage(name)!);
  const all = new Map(messages.map((message) => [message.name, message]));
  // A map grows while it is walked: what a message holds is shown too.
  for (const message of all.values())
    for (const { message: held } of message.fields) if (held && !all.has(held.name)) all.set(held.name, held);
  return [...all.values()]
    .map((message) => {
      const rows = fieldsOf(message, "topic").map((field) => {
        const type = typeOf(schemas.fieldSchema(field, "topic"));
        return `| \`${field.name}\` | ${type} | ${cell(commentOf(field))} |`;
      });
      const table = `| field | type | meaning |\n| --- | --- | --- |\n${rows.join("\n")}`;
      return `## ${message.name}\n\n${commentOf(message)}\n\n${table}\n`;
    })
    .join("\n");
}

/** A schema's type for people: `string or null`, `list of Shipment`. */
function typeOf(schema: JsonSchema): string {
  if (typeof schema["$ref"] === "string") return linkTo(schema["$ref"].split("/").at(-1)!);
  if (Array.isArray(schema["anyOf"]))
    return schema["anyOf"].map((one) => typeOf(one as JsonSchema)).join(" or ");
  if (schema["type"] === "array") return `list of ${typeOf(schema["items"] as JsonSchema)}`;
  return [(schema["type"] ?? "any") as string | string[]].flat().join(" or ");
}

function linkTo(name: string): string {
  return `[${name}](#${name.toLowerCase()})`;
}

function nameOf(fullName: string): string {
  return fullName.split(".").at(-1)!;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s+/g, " ");
}
