import type { ErrorCode } from "@waybill/errors/catalogue.ts";
import type { Violation } from "@waybill/errors/domain-error.ts";
import type { ErrorObject } from "ajv";
import { forms } from "./forms.ts";

interface Finding {
  code: ErrorCode;
  detail: string;
  /** A key below the place where the keyword stands. */
  key?: string;
}

/** A finding of the schema check as a violation: its place, its code, and a sentence without the value. */
export function toViolation(error: ErrorObject): Violation {
  const { code, detail, key } = find(error);
  return {
    pointer: key === undefined ? error.instancePath : `${error.instancePath}/${escapePointer(key)}`,
    code,
    detail,
  };
}

/** A key as a part of a JSON pointer (RFC 6901, section 3). */
export function escapePointer(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}

function find({ keyword, params, schema, propertyName }: ErrorObject): Finding {
  switch (keyword) {
    case "type":
      return { code: "WRONG_TYPE", detail: `must be ${typeNames(params["type"])}` };
    case "additionalProperties":
      return {
        code: "UNKNOWN_KEY",
        detail: "is not a key that can be set here",
        key: params["additionalProperty"],
      };
    case "propertyNames":
      return {
        code: "UNKNOWN_KEY",
        detail: "is not a key that can be set here",
        key: params["propertyName"],
      };
    case "unset":
      return { code: "UNKNOWN_KEY", detail: "is set by Waybill only" };
    case "present":
      return { code: "REQUIRED", detail: "is required" };
    case "minItems":
    case "minProperties":
      return sizeFinding(params["limit"], "at least", "elements");
    case "maxItems":
    case "maxProperties":
      return sizeFinding(params["limit"], "at most", "elements");
    case "minLength":
      return sizeFinding(params["limit"], "at least", "characters");
    case "maxLength":
      return sizeFinding(params["limit"], "at most", "characters");
    case "minimum":
      return { code: "OUT_OF_RANGE", detail: `must be ${params["limit"]} or more` };
    case "maximum":
      return { code: "OUT_OF_RANGE", detail: `must be ${params["limit"]} or less` };
    case "allowed":
      return { code: "NOT_ALLOWED", detail: `must be one of ${(schema as string[]).join(", ")}` };
    case "form":
      return { code: "BAD_FORMAT", detail: `must be ${forms[schema as string]!.description}` };
    case "unicode":
      return { code: "BAD_FORMAT", detail: "must be valid Unicode" };
    case "pattern":
      return { code: "BAD_FORMAT", detail: `must match ${params["pattern"]}` };
    default:
      return {
        code: "BAD_FORMAT",
        detail: propertyName === undefined ? "is not valid" : "has a key that is not valid",
      };
  }
}

function sizeFinding(limit: number, bound: string, unit: string): Finding {
  if (limit === 1 && bound === "at least") return { code: "REQUIRED", detail: "must not be empty" };
  return { code: "OUT_OF_RANGE", detail: `must have ${bound} ${limit} ${unit}` };
}

function typeNames(type: string | string[]): string {
  const names = Array.isArray(type) ? type : type.split(",");
  return names
    .filter((name) => name !== "null" || names.length === 1)
    .map((name) => (name === "null" ? "null" : /^[aio]/.test(name) ? `an ${name}` : `a ${name}`))
    .join(" or ");
}
