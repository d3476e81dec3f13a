import { ScalarType, type DescField, type DescMessage } from "@bufbuild/protobuf";
import { fieldRules } from "./descriptors.ts";
import type { JsonSchema } from "./schema.ts";

/** The field that says which other fields a request sets; over REST the keys of its body say so. */
export const UPDATE_MASK = "update_mask";

/**
 * The shape of a request message as JSON Schema: JSON types, integer ranges, and no key that the message
 * does not have, that only Waybill sets, or that comes from elsewhere (a header, the update mask). Null
 * stands for an absent value. The check fills absent lists and maps, which the encoder needs.
 */
export function shapeSchema(message: DescMessage): JsonSchema {
  const fields = message.fields.filter(isKey);
  return {
    type: "object",
    properties: Object.fromEntries(fields.map((field) => [field.name, fieldShape(field)])),
    additionalProperties: false,
    fill: {
      lists: message.fields.filter((field) => field.fieldKind === "list").map((field) => field.name),
      maps: message.fields.filter((field) => field.fieldKind === "map").map((field) => field.name),
    },
  };
}

/** Whether a caller sets the field by a key of a body or by a parameter. */
export function isKey(field: DescField): boolean {
  const { output_only, internal, header } = fieldRules(field);
  return !output_only && !internal && !header && field.name !== UPDATE_MASK;
}

/** The shape of one field's value, which may be null. */
export function fieldShape(field: DescField): JsonSchema {
  switch (field.fieldKind) {
    case "list":
      return {
        type: ["array", "null"],
        items: field.message ? shapeSchema(field.message) : scalarShape(field.scalar),
      };
    case "map":
      return {
        type: ["object", "null"],
        // As a key of a plain object it would set the prototype.
        propertyNames: { not: { const: "__proto__" } },
        additionalProperties: scalarShape(field.scalar),
      };
    case "message":
      return orNull(shapeSchema(field.message));
    case "scalar":
      return orNull(scalarShape(field.scalar));
    case "enum":
      throw new Error(`${field.toString()}: enums are not used; closed sets are strings with \`allowed\``);
  }
}

function orNull(schema: JsonSchema): JsonSchema {
  return { ...schema, type: [schema["type"], "null"] };
}

function scalarShape(scalar: ScalarType | undefined): JsonSchema {
  switch (scalar) {
    case ScalarType.STRING:
      // Half of a surrogate pair would become another character on its way.
      return { type: "string", unicode: true };
    case ScalarType.BOOL:
      return { type: "boolean" };
    case ScalarType.INT32:
      return { type: "integer", minimum: -(2 ** 31), maximum: 2 ** 31 - 1 };
    case ScalarType.UINT32:
      return { type: "integer", minimum: 0, maximum: 2 ** 32 - 1 };
    case ScalarType.INT64:
      return { type: "integer", minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER };
    case ScalarType.DOUBLE:
      return { type: "number" };
    default:
      throw new Error(`a REST request cannot hold the proto type ${String(scalar && ScalarType[scalar])}`);
  }
}
