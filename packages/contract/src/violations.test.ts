import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { checkOf, type JsonSchema } from "./schema.ts";
import { escapePointer } from "./violations.ts";

const strings = fc.string({ unit: fc.constantFrom("~", "/", "0", "1", "a", "é", " ", '"') });
const checkNested = checkOf(() => ({
  properties: { list: { items: { type: "object", additionalProperties: { type: "string" } } } },
}));
const checkClosed = checkOf(() => ({ type: "object", additionalProperties: false }));

/** RFC 6901, section 4. */
function resolve(document: unknown, pointer: string): unknown {
  const parts = pointer.split("/").slice(1);
  return parts.reduce<unknown>(
    (value, part) => (value as Record<string, unknown>)[part.replaceAll("~1", "/").replaceAll("~0", "~")],
    document,
  );
}

test("any key can be a part of a pointer and be read back from it", () => {
  fc.assert(
    fc.property(strings, (key) => {
      const part = escapePointer(key);
      expect(part).not.toContain("/");
      expect(part.replaceAll("~1", "/").replaceAll("~0", "~")).toBe(key);
    }),
  );
});

test("a pointer leads to the value that is wrong, whatever the keys on the way", () => {
  fc.assert(
    fc.property(fc.nat(3), strings, fc.integer(), (index, key, wrong) => {
      const list: object[] = Array.from({ length: index }, () => ({}));
      const document = { list: [...list, { [key]: wrong }] };
      const [violation] = checkNested(document);
      expect(resolve(document, violation!.pointer)).toBe(wrong);
    }),
  );
});

test("an unknown key is named by its pointer", () => {
  fc.assert(
    fc.property(strings, (key) => {
      expect(checkClosed({ [key]: 1 })).toMatchObject([
        { pointer: `/${escapePointer(key)}`, code: "UNKNOWN_KEY" },
      ]);
    }),
  );
});

describe("each kind of rule has its code and its sentence", () => {
  it.each<[schema: JsonSchema, value: unknown, code: string, detail: string]>([
    [{ type: "integer" }, "x", "WRONG_TYPE", "must be an integer"],
    [{ type: ["string", "null"] }, 1, "WRONG_TYPE", "must be a string"],
    [{ type: ["array", "null"] }, 1, "WRONG_TYPE", "must be an array"],
    [{ present: true }, null, "REQUIRED", "is required"],
    [{ present: true }, "", "REQUIRED", "is required"],
    [{ unset: true }, 0, "UNKNOWN_KEY", "is set by Waybill only"],
    [{ minItems: 1 }, [], "REQUIRED", "must not be empty"],
    [{ minLength: 1 }, "", "REQUIRED", "must not be empty"],
    [{ minItems: 2 }, [1], "OUT_OF_RANGE", "must have at least 2 elements"],
    [{ maxItems: 1 }, [1, 2], "OUT_OF_RANGE", "must have at most 1 elements"],
    [{ maxProperties: 1 }, { a: 1, b: 2 }, "OUT_OF_RANGE", "must have at most 1 elements"],
    [{ minLength: 3 }, "ab", "OUT_OF_RANGE", "must have at least 3 characters"],
    [{ maxLength: 2 }, "abc", "OUT_OF_RANGE", "must have at most 2 characters"],
    [{ minimum: 1 }, 0, "OUT_OF_RANGE", "must be 1 or more"],
    [{ maximum: 9 }, 10, "OUT_OF_RANGE", "must be 9 or less"],
    [{ allowed: ["a", "b"] }, "c", "NOT_ALLOWED", "must be one of a, b"],
    [{ form: "uuid" }, "c", "BAD_FORMAT", "must be a UUID"],
    [{ pattern: "^(?:\\d+)$" }, "c", "BAD_FORMAT", "must match ^(?:\\d+)$"],
  ])("%j", (schema, value, code, detail) => {
    expect(checkOf(() => ({ properties: { field: schema } }))({ field: value })).toEqual([
      { pointer: "/field", code, detail },
    ]);
  });
});

test("a map that must not be empty is refused as such", () => {
  const check = checkOf(() => ({ properties: { field: { minProperties: 1 } } }));
  expect(check({ field: {} })).toEqual([
    { pointer: "/field", code: "REQUIRED", detail: "must not be empty" },
  ]);
});
