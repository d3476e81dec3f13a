import type { DescField, DescMessage } from "@bufbuild/protobuf";
import { fieldRules } from "@waybill/contract/descriptors.ts";
import { commentOf } from "@waybill/contract/comments.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { isKey } from "@waybill/contract/shape-schema.ts";
import type { FieldRules } from "@waybill/proto/options/v1/options.ts";
import { defined, scalarOf, valueSchema } from "./scalars.ts";

/** Who writes a message: a caller, or Waybill in answers, on topics, or in webhooks. */
export type Side = "input" | "output" | "topic" | "webhook";

/** The component schemas that a document refers to. */
export interface Schemas {
  /** A reference to the schema of a message. */
  refTo: (message: DescMessage, side: Side) => JsonSchema;
  /** A reference to the schema of a request as a body, without the fields that come from its path. */
  refToBody: (request: DescMessage, inPath: ReadonlySet<string>) => JsonSchema;
  /** The schema of a field's value, with its description. */
  fieldSchema: (field: DescField, side: Side) => JsonSchema;
  /** Every schema that was referred to, by name. */
  components: () => Record<string, JsonSchema>;
}

/**
 * Collects schemas of messages. A message that callers send and Waybill answers has two: `OrderInput` without
 * the fields that only Waybill sets, and `Order`, in which every field is there.
 */
export function collectSchemas(answers: Iterable<DescMessage>, prefix = "#/components/schemas/"): Schemas {
  const answered = reachable(answers);
  const components = new Map<string, JsonSchema | null>();
  const refToNamed = (name: string, make: () => JsonSchema): JsonSchema => {
    if (!components.has(name)) {
      // Reserved first, for messages that hold themselves.
      components.set(name, null);
      components.set(name, make());
    }
    return { $ref: prefix + name };
  };
  const refTo = (message: DescMessage, side: Side) =>
    refToNamed(componentName(message, side, answered), () =>
      messageSchema(message, fieldsOf(message, side), side, fieldSchema),
    );
  const refToBody = (request: DescMessage, inPath: ReadonlySet<string>) => {
    const fields = fieldsOf(request, "input").filter(({ name }) => !inPath.has(name));
    return refToNamed(request.name, () => messageSchema(request, fields, "input", fieldSchema));
  };
  const fieldSchema = (field: DescField, side: Side) => describedField(field, side, refTo);
  const sorted = () => [...components].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    refTo,
    refToBody,
    fieldSchema,
    components: () => Object.fromEntries(sorted()) as Record<string, JsonSchema>,
  };
}

/** The fields of a message that one side writes. */
export function fieldsOf(message: DescMessage, side: Side): DescField[] {
  if (side === "input") return message.fields.filter(isKey);
  const shown = message.fields.filter((field) => !fieldRules(field).rendered_as);
  return side === "webhook" ? shown.filter((field) => !fieldRules(field).topic_only) : shown;
}

/** The messages, and those that they hold. */
function reachable(messages: Iterable<DescMessage>, seen = new Set<DescMessage>()): Set<DescMessage> {
  for (const message of messages) {
    if (seen.has(message)) continue;
    seen.add(message);
    reachable(
      message.fields.flatMap(({ message: held }) => held ?? []),
      seen,
    );
  }
  return seen;
}

function componentName(message: DescMessage, side: Side, answered: ReadonlySet<DescMessage>): string {
  if (side === "input") return answered.has(message) ? `${message.name}Input` : message.name;
  const omits = (held: DescMessage) => held.fields.some((field) => fieldRules(field).topic_only);
  return side === "webhook" && [...reachable([message])].some(omits)
    ? `Webhook${message.name}`
    : message.name;
}

function messageSchema(
  message: DescMessage,
  fields: readonly DescField[],
  side: Side,
  schemaOf: Schemas["fieldSchema"],
): JsonSchema {
  const required = fields.filter((field) => isRequired(field, side)).map(({ name }) => name);
  const description = commentOf(message);
  return {
    type: "object",
    ...(description ? { description } : {}),
    properties: Object.fromEntries(fields.map((field) => [field.name, schemaOf(field, side)])),
    ...(required.length > 0 ? { required } : {}),
    // What Waybill writes may get new fields; what it reads has none that it does not know.
    ...(side === "input" ? { additionalProperties: false } : {}),
  };
}

function isRequired(field: DescField, side: Side): boolean {
  const { required, left_out_empty } = fieldRules(field);
  if (side === "input") return required;
  // An event keeps the form that it was written in: it lacks the fields that came later.
  return side !== "topic" && !left_out_empty;
}

function describedField(field: DescField, side: Side, refTo: Schemas["refTo"]): JsonSchema {
  const description = commentOf(field);
  return { ...undescribed(field, side, refTo), ...(description ? { description } : {}) };
}

function undescribed(field: DescField, side: Side, refTo: Schemas["refTo"]): JsonSchema {
  const rules = fieldRules(field);
  if (rules.json_text) return {};
  if (field.fieldKind === "list") return listSchema(field, side, rules, refTo);
  if (field.fieldKind === "map") return mapSchema(field, side, rules);
  if (field.fieldKind === "message") {
    const ref = refTo(field.message, side);
    return side === "input" && rules.required ? ref : { anyOf: [ref, { type: "null" }] };
  }
  return valueSchema(scalarOf(field), rules, side, isNullable(field, side, rules));
}

/**
 * A caller may say null for what is not required; an answer has it where the proto says `optional`. An event may
 * have been written before there was what answers always have: the lines of a new order have no version yet.
 */
function isNullable(field: DescField, side: Side, rules: FieldRules): boolean {
  if (side === "input") return !rules.required;
  return field.proto.proto3Optional && (side === "topic" || !rules.always);
}

function listSchema(
  field: DescField & { fieldKind: "list" },
  side: Side,
  rules: FieldRules,
  refTo: Schemas["refTo"],
): JsonSchema {
  const items = (message: DescMessage | undefined) =>
    message ? refTo(message, side) : valueSchema(scalarOf(field), rules.each, side, false);
  const list = { type: "array", items: items(field.message) };
  if (side !== "input") {
    const other = field.parent.fields.find((candidate) => fieldRules(candidate).rendered_as === field.name);
    return other ? { anyOf: [list, { type: "array", items: items(other.message) }] } : list;
  }
  const minItems = rules.required ? Math.max(1, rules.min_size ?? 1) : rules.min_size;
  return {
    ...list,
    type: rules.required ? "array" : ["array", "null"],
    ...defined({ minItems, maxItems: rules.max_size }),
  };
}

function mapSchema(field: DescField & { fieldKind: "map" }, side: Side, rules: FieldRules): JsonSchema {
  const additionalProperties = valueSchema(scalarOf(field), rules.each, side, false);
  if (side !== "input") return { type: "object", additionalProperties };
  return {
    type: rules.required ? "object" : ["object", "null"],
    additionalProperties,
    propertyNames: { minLength: 1, maxLength: 200, pattern: "^(?!\\$|_bsontype$|__proto__$)[^\\0]*$" },
    ...defined({ maxProperties: rules.max_size }),
  };
}
