import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { fingerprint } from "./fingerprint.ts";

type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

// Keys and texts that would meet if the content were simply joined.
const words = fc.constantFrom("", "a", "b", "ab", "a,b", '"', "\\", ":", "{}", "null", "0", "__proto__", "é");
const { record: records } = fc.letrec<{ value: Json; record: Record<string, Json> }>((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    words,
    fc.integer(),
    fc.boolean(),
    fc.array(tie("value"), { minLength: 1, maxLength: 3 }),
    tie("record"),
  ),
  // A message or a list without content is as good as absent, so that each holds something here.
  record: fc.dictionary(words, tie("value"), { minKeys: 1, maxKeys: 4 }),
}));

/** The same content with its keys in another order and absent values sent as null, at any depth. */
function respelled(value: Json): Json {
  if (Array.isArray(value)) return value.map(respelled);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).map(([key, entry]): [string, Json] => [key, respelled(entry)]);
  return Object.fromEntries([["absent", null], ...entries.reverse()]);
}

/** Every way to change one thing: a value, a key, the order or the length of a list. */
function changes(value: Json): Json[] {
  if (Array.isArray(value)) {
    const inside = value.flatMap((entry, index) =>
      changes(entry).map((changed) => value.with(index, changed)),
    );
    return [[...value, "new"], ...inside];
  }
  if (value === null || typeof value !== "object") return [`${String(value)}!`, [value], { "": value }];
  return Object.entries(value).flatMap(([key, entry]) => {
    const rest = Object.entries(value).filter(([other]) => other !== key);
    const inside = changes(entry).map((changed) => Object.fromEntries([...rest, [key, changed]]));
    return [Object.fromEntries([...rest, [`${key}!`, entry]]), ...inside];
  });
}

test("the order of keys, and whether an absent value was left out or sent as null, do not matter", () => {
  fc.assert(
    fc.property(records, (record) => {
      expect(fingerprint(respelled(record) as object)).toBe(fingerprint(record));
    }),
  );
});

test("any other change matters", () => {
  fc.assert(
    fc.property(records, (record) => {
      const own = fingerprint(record);
      for (const changed of changes(record)) expect(fingerprint(changed as object)).not.toBe(own);
    }),
  );
});

describe("what differs, although it looks alike, has another fingerprint", () => {
  it.each<[object, object]>([
    [{ a: 1 }, { a: "1" }],
    [{ a: true }, { a: "true" }],
    [{ a: "" }, {}],
    [{ a: 0 }, {}],
    [{ a: false }, {}],
    [{ a: ["x", "y"] }, { a: ["y", "x"] }],
    [{ a: ["x", "y"] }, { a: ["x,y"] }],
    [{ a: ["xy", ""] }, { a: ["x", "y"] }],
    [{ a: ["x"] }, { a: ["x", "x"] }],
    [{ a: { b: "c" } }, { a: "b", b: "c" }],
    [{ a: { b: 1 }, c: 2 }, { a: { b: 1, c: 2 } }],
    [{ a: "x" }, { A: "x" }],
    [{ a: "x" }, { a: "x " }],
  ])("%j and %j", (one, other) => expect(fingerprint(one)).not.toBe(fingerprint(other)));
});

describe("what says the same has the same fingerprint", () => {
  it.each<[object, object]>([
    [{ a: null, b: 1 }, { b: 1 }],
    [{ a: undefined, b: 1 }, { b: 1 }],
    [{ a: [], b: 1 }, { b: 1 }],
    [{ a: {}, b: 1 }, { b: 1 }],
    [{ lines: [{ sku: "x", pick_from: [] }] }, { lines: [{ pick_from: null, sku: "x" }] }],
    [{ a: {} }, { a: { b: null } }],
  ])("%j and %j", (one, other) => expect(fingerprint(one)).toBe(fingerprint(other)));
});

test("it is the SHA-256 of the canonical JSON, so that later versions recognize stored ones", () => {
  expect(fingerprint({ customer_identifier: "A-1" })).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect(fingerprint({ a: 1 })).toBe("AVq9f1zFei3ZS3WQ8ErYCEJzkF7jPsXOvq5iJ2qX-GI");
});
