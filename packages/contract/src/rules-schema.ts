import type { DescField, DescMessage } from "@bufbuild/protobuf";
import type { FieldRules } from "@waybill/proto/options/v1/options.ts";
import { fieldRules } from "./descriptors.ts";
import type { JsonSchema } from "./schema.ts";

/**
 * The rules of a message as JSON Schema: what a value must be beyond its type. Checked by the service that
 * owns the message, on the decoded message, where every field is there and null means absent.
 *
 * With `partial` none of its own fields is required. A list of records is left out: its elements are checked one by one, see `recordsField`.
 */
export function rulesSchema(message: DescMessage, partial = false): JsonSchema {
  const properties: Record<string, JsonSchema> = {};
  for (const field of message.fields) {
    const rules = fieldRules(field);
    const schema = fieldSchema(field, partial ? { ...rules, required: false } : rules);
    if (Object.keys(schema).length > 0) properties[field.name] = schema;
  }
  return Object.keys(properties).length > 0 ? { properties } : {};
}

/** The field of a batch request that holds its records; null if the message is no batch. */
export function recordsField(message: DescMessage): DescField | null {
  return message.fields.find((field) => fieldRules(field).records) ?? null;
}

function fieldSchema(field: DescField, rules: FieldRules): JsonSchema {
  if (rules.output_only) return { unset: true };
  if (field.fieldKind === "list") return listSchema(field, rules);
  if (field.fieldKind === "map") return mapSchema(rules);
  if (field.fieldKind === "message") return nested(field.message, rules);
  return valueSchema(rules);
}

function listSchema(field: DescField & { fieldKind: "list" }, rules: FieldRules): JsonSchema {
  const each =
    field.listKind === "message" && !rules.records ? rulesSchema(field.message) : eachSchema(rules);
  return compact({
    minItems: rules.required ? Math.max(1, rules.min_size ?? 1) : rules.min_size,
    maxItems: rules.max_size,
    items: Object.keys(each).length > 0 ? each : null,
  });
}

function mapSchema(rules: FieldRules): JsonSchema {
  return compact({
    minProperties: rules.required ? 1 : rules.min_size,
    maxProperties: rules.max_size,
    // BSON ends a key at its first NUL, and takes `$ref`, `$id` and `_bsontype` for types of its own.
    propertyNames: { minLength: 1, maxLength: 200, pattern: "^(?!\\$|_bsontype$)[^\\0]*$" },
    additionalProperties: eachSchema(rules),
  });
}

function nested(message: DescMessage, rules: FieldRules): JsonSchema {
  return { ...(rules.required ? { present: true } : {}), ...rulesSchema(message, rules.partial) };
}

function eachSchema(rules: FieldRules): JsonSchema {
  return rules.each ? valueSchema(rules.each) : {};
}

function valueSchema(rules: FieldRules): JsonSchema {
  return compact({
    present: rules.required || null,
    minLength: rules.min_size,
    maxLength: rules.max_size,
    minimum: rules.minimum,
    maximum: rules.maximum,
    pattern: rules.pattern ? `^(?:${rules.pattern})$` : null,
    allowed: rules.allowed.length > 0 ? rules.allowed : null,
    form: rules.format || null,
  });
}

function compact(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).filter(([, value]) => value !== null && value !== undefined),
  );
}
