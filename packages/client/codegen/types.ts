import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { commentOf } from "@waybill/contract/comments.ts";
import { descriptors, fieldRules } from "@waybill/contract/descriptors.ts";
import { eventsByTopic } from "@waybill/contract/events.ts";
import { isKey } from "@waybill/contract/shape-schema.ts";
import { endpoints, type Endpoint } from "./endpoints.ts";

/** Whether a message is sent or shown: what Waybill sets is only shown, what is required only when sent. */
type Direction = "sent" | "shown";

/** What everything that is stored has when it is shown, though its fields are optional when it is sent. */
const ALWAYS_SHOWN = new Set(["id", "status", "version", "created_at", "updated_at"]);

/** Of those, what lines have as null in the events of their order, which tell them as they were ordered. */
const NOT_OF_EVENT_LINES = ["created_at", "updated_at", "version"];

/** The message that is the data of each type of event. */
const eventData: Readonly<Record<string, string>> = Object.assign(
  {},
  ...Object.values(eventsByTopic).map(({ events }) => events),
);

const sent = reachable(
  endpoints.flatMap(({ bodyField, bodyFields, query }) => [
    ...(bodyField ? [bodyField] : []),
    ...bodyFields,
    ...query,
  ]),
  "sent",
);
const answers = endpoints.filter(({ method }) => method.output.fields.length > 0);
const shown = reachable(
  [
    ...answers.flatMap(({ answerField, method }) => (answerField ? [answerField] : method.output.fields)),
    ...Object.values(eventData).flatMap((name) => messageNamed(name).fields),
  ],
  "shown",
);
for (const name of Object.values(eventData)) shown.add(messageNamed(name));

/** The TypeScript of `gen/types.ts`. */
export function typesSource(): string {
  assertNamesDiffer([...sent, ...shown]);
  return [
    ...[...sent].map((message) => interfaceOf(message, "sent")),
    ...[...shown].map((message) => interfaceOf(message, "shown")),
    ...endpoints.filter(({ query }) => query.length > 0).map(queryType),
    ...endpoints.filter(({ bodyFields }) => bodyFields.length > 0).map(bodyType),
    ...answers.filter(({ answerField }) => answerField === null).map(answerType),
    eventMap(),
  ].join("\n");
}

/** The name of a message's type. What is both sent and shown has two. */
export function typeName(message: DescMessage, direction: Direction): string {
  return direction === "sent" && shown.has(message) ? `${message.name}Input` : message.name;
}

/** The type of a field's value when it is there; the names of messages get the prefix. */
export function valueType(field: DescField, direction: Direction, prefix = ""): string {
  if (fieldRules(field).json_text) return "unknown";
  if (field.fieldKind === "map") return "Record<string, string>";
  if (field.message) {
    const name = prefix + typeName(field.message, direction);
    return field.fieldKind === "list" ? listOf(name, direction) : name;
  }
  const scalar = scalarType(field, direction);
  return field.fieldKind === "list" ? listOf(scalar, direction) : scalar;
}

/** A comment of the protos as a doc comment, indented. */
export function docOf(text: string, indent = ""): string {
  if (text === "") return "";
  const words = text.replaceAll("*/", "* /").split(" ");
  const lines = [""];
  for (const word of words) {
    const line = lines.at(-1)!;
    if (line.length + word.length < 100) lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
    else lines.push(word);
  }
  if (lines.length === 1) return `${indent}/** ${lines[0]} */\n`;
  return `${indent}/**\n${lines.map((line) => `${indent} * ${line}\n`).join("")}${indent} */\n`;
}

function listOf(type: string, direction: Direction): string {
  const element = /[|&]/.test(type) ? `(${type})` : type;
  return direction === "sent" ? `readonly ${element}[]` : `${element}[]`;
}

function scalarType(field: DescField, direction: Direction): string {
  if (field.scalar === ScalarType.BOOL) return "boolean";
  if (field.scalar !== ScalarType.STRING) return "number";
  const rules = fieldRules(field);
  const allowed = (field.fieldKind === "list" ? rules.each?.allowed : rules.allowed) ?? [];
  if (allowed.length === 0) return "string";
  const union = allowed.map((value) => JSON.stringify(value)).join(" | ");
  // What is shown may gain a value that this client does not know yet.
  return direction === "sent" ? union : `${union} | (string & {})`;
}

function interfaceOf(message: DescMessage, direction: Direction): string {
  const isShown = (field: DescField) => !hidden(field, direction);
  const lines = message.fields.filter(isShown).map((field) => property(field, direction));
  return `${docOf(commentOf(message))}export interface ${typeName(message, direction)} {\n${lines.join("")}}\n`;
}

function hidden(field: DescField, direction: Direction): boolean {
  const rules = fieldRules(field);
  if (direction === "sent") return !isKey(field);
  return rules.rendered_as !== "";
}

function property(field: DescField, direction: Direction): string {
  const doc = docOf(commentOf(field), "  ");
  const type = valueType(field, direction);
  if (direction === "shown") return `${doc}  ${field.name}${shownAs(field, type)};\n`;
  return fieldRules(field).required
    ? `${doc}  ${field.name}: ${type};\n`
    : `${doc}  ${field.name}?: ${type} | null;\n`;
}

function shownAs(field: DescField, type: string): string {
  if (fieldRules(field).left_out_empty) return `?: ${type}`;
  return mayBeNull(field) ? `: ${type} | null` : `: ${type}`;
}

function mayBeNull(field: DescField): boolean {
  if (field.fieldKind === "message" || fieldRules(field).json_text) return true;
  const isOptional = field.fieldKind === "scalar" && field.proto.proto3Optional;
  return isOptional && !ALWAYS_SHOWN.has(field.name);
}

function queryType({ name, query, method }: Endpoint): string {
  const lines = query.map((field) => property(field, "sent").replace(" | null;", ";"));
  return `/** The query of \`${method.name}\`. */\nexport interface ${name}Query {\n${lines.join("")}}\n`;
}

function bodyType({ name, bodyFields, method }: Endpoint): string {
  const lines = bodyFields.map((field) => property(field, "sent"));
  return `/** The body of \`${method.name}\`. */\nexport interface ${name}Body {\n${lines.join("")}}\n`;
}

function answerType({ name, method, paging }: Endpoint): string {
  const fields = method.output.fields.filter((field) => !hidden(field, "shown"));
  const generic = paging?.summaries ? `<Element = ${typeName(paging.data.message!, "shown")}>` : "";
  const lines = fields.map((field) =>
    generic && field === paging?.data ? "  data: Element[];\n" : property(field, "shown"),
  );
  return `/** What \`${method.name}\` answers. */\nexport interface ${name}Answer${generic} {\n${lines.join("")}}\n`;
}

function eventMap(): string {
  const lines = Object.entries(eventData).map(([type, name]) => `  "${type}": ${dataType(name)};\n`);
  const doc = docOf("The data of the events on Waybill's topics, by their type.");
  return `${eventOrderTypes()}\n${doc}export interface EventData {\n${lines.join("")}}\n`;
}

function dataType(message: string): string {
  return message === "waybill.orders.v1.Order" ? "EventOrder" : typeName(messageNamed(message), "shown");
}

function eventOrderTypes(): string {
  const omitted = NOT_OF_EVENT_LINES.map((name) => `"${name}"`).join(" | ");
  const nullable = NOT_OF_EVENT_LINES.map((name) => `  ${name}: LineItem["${name}"] | null;\n`);
  return [
    docOf("A line as it was ordered, in the events of its order: without its times and its version."),
    `export interface EventLineItem extends Omit<LineItem, ${omitted}> {\n${nullable.join("")}}\n\n`,
    docOf("An order in the events of its creation and its updates."),
    'export interface EventOrder extends Omit<Order, "line_items"> {\n  line_items: EventLineItem[];\n}\n',
  ].join("");
}

function messageNamed(name: string): DescMessage {
  const message = descriptors.getMessage(name);
  if (!message) throw new Error(`the protos define no message ${name}`);
  return message;
}

/** The messages of these fields, and all that they hold. */
function reachable(fields: readonly DescField[], direction: Direction): Set<DescMessage> {
  const found = new Set<DescMessage>();
  const waiting = [...fields];
  for (let field = waiting.pop(); field; field = waiting.pop()) {
    if (!field.message || found.has(field.message)) continue;
    if (direction === "sent" && fieldRules(field).output_only) continue;
    found.add(field.message);
    waiting.push(...field.message.fields);
  }
  return new Set([...found].sort((a, b) => (a.name < b.name ? -1 : 1)));
}

function assertNamesDiffer(messages: readonly DescMessage[]): void {
  const byName = new Map<string, DescMessage>();
  for (const message of messages) {
    if ((byName.get(message.name) ?? message) !== message)
      throw new Error(`two messages are called ${message.name}`);
    byName.set(message.name, message);
  }
}
