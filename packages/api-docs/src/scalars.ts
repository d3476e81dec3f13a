import { ScalarType, type DescField } from "@bufbuild/protobuf";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import type { FieldRules } from "@waybill/proto/options/v1/options.ts";
import type { Side } from "./schemas.ts";

/** What the named forms of strings (`forms` in the contract) are in JSON Schema. */
const forms: Readonly<Record<string, JsonSchema>> = {
  "date-time": { format: "date-time" },
  uuid: { format: "uuid" },
  id: {},
  country: { pattern: "^[A-Z]{2}$" },
  currency: { pattern: "^[A-Z]{3}$" },
  decimal: { pattern: "^[0-9]{1,15}(\\.[0-9]{1,12})?$" },
};

/** The scalar type of a field's value, or of its elements. */
export function scalarOf(field: DescField): ScalarType {
  if (field.fieldKind === "message" || field.fieldKind === "enum" || field.scalar === undefined)
    throw new Error(`${field.toString()} is no scalar`);
  return field.scalar;
}

/** The schema of a scalar value by its rules. An answer may get new values, so its texts are not closed sets. */
export function valueSchema(
  scalar: ScalarType,
  rules: FieldRules | null | undefined,
  side: Side,
  nullable: boolean,
): JsonSchema {
  const schema = typeSchema(scalar, side);
  const type = nullable ? [schema["type"], "null"] : schema["type"];
  return { ...schema, type, ...(rules ? constraints(scalar, rules, side, nullable) : {}) };
}

function constraints(scalar: ScalarType, rules: FieldRules, side: Side, nullable: boolean): JsonSchema {
  const form = rules.format ? forms[rules.format]! : {};
  if (side !== "input") return form;
  const text = scalar === ScalarType.STRING;
  const minLength = text && rules.required ? Math.max(1, rules.min_size ?? 1) : rules.min_size;
  return defined({
    ...form,
    ...(rules.pattern ? { pattern: `^(?:${rules.pattern})$` } : {}),
    enum: rules.allowed.length > 0 ? [...rules.allowed, ...(nullable ? [null] : [])] : null,
    minLength,
    maxLength: rules.max_size,
    minimum: rules.minimum,
    maximum: rules.maximum,
  });
}

function typeSchema(scalar: ScalarType, side: Side): JsonSchema {
  switch (scalar) {
    case ScalarType.STRING:
      return { type: "string" };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.DOUBLE:
      return { type: "number" };
    case ScalarType.INT32:
      return integer("int32", side, -(2 ** 31), 2 ** 31 - 1);
    case ScalarType.UINT32:
      return integer("int64", side, 0, 2 ** 32 - 1);
    case ScalarType.INT64:
      return integer("int64", side, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    default:
      throw new Error(`REST does not hold the proto type ${ScalarType[scalar]}`);
  }
}

function integer(format: string, side: Side, minimum: number, maximum: number): JsonSchema {
  return { type: "integer", format, ...(side === "input" ? { minimum, maximum } : {}) };
}

/** The keywords of a schema that say something. */
export function defined(schema: JsonSchema): JsonSchema {
  return Object.fromEntries(
    Object.entries(schema).filter(([, value]) => value !== null && value !== undefined),
  );
}
