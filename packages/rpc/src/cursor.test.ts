import { DomainError } from "@waybill/errors/domain-error.ts";
import fc from "fast-check";
import { describe, expect, expectTypeOf, it, test } from "vitest";
import { cursorsOf } from "./cursor.ts";

const orders = cursorsOf("orders/updated_at/1", ["string", "integer"]);
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

function refusalOf(cursor: string): unknown {
  try {
    return orders.decode(cursor);
  } catch (error) {
    return error instanceof DomainError ? { code: error.code, violations: error.violations } : error;
  }
}

test("a page continues after the keys at which the last one ended", () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 60, unit: "grapheme" }), fc.maxSafeInteger(), (text, number) => {
      const cursor = orders.encode([text, number]);
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(orders.decode(cursor)).toEqual([text, number]);
    }),
  );
  expectTypeOf(orders.decode).returns.toEqualTypeOf<[string, number] | null>();
});

test("without a cursor the first page is meant", () => {
  expect([orders.decode(null), orders.decode(undefined)]).toEqual([null, null]);
});

const bad = {
  code: "INVALID_REQUEST",
  violations: [
    {
      pointer: "/cursor",
      code: "BAD_FORMAT",
      detail: "must be one that an answer of this list gave, in this order",
    },
  ],
};

describe("what is no cursor of the list is refused at `cursor`", () => {
  it.each([
    ["nothing", ""],
    ["text", "not a cursor"],
    ["another list's", cursorsOf("skus/id/1", ["string", "integer"]).encode(["a", 1])],
    ["another version's", cursorsOf("orders/updated_at/2", ["string", "integer"]).encode(["a", 1])],
    ["too few keys", encoded(["orders/updated_at/1", "a"])],
    ["too many keys", encoded(["orders/updated_at/1", "a", 1, 2])],
    ["a query operator as a key", encoded(["orders/updated_at/1", { $gt: "" }, 1])],
    ["a null key", encoded(["orders/updated_at/1", null, 1])],
    ["a fraction", encoded(["orders/updated_at/1", "a", 1.5])],
    ["an object", encoded({ 0: "orders/updated_at/1", length: 3 })],
    ["one that is too long", encoded(["orders/updated_at/1", "a".repeat(2_000), 1])],
  ])("%s", (_, cursor) => expect(refusalOf(cursor)).toEqual(bad));

  test("whatever it is, and never with another error", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json().map(encoded)), (cursor) => {
        expect(refusalOf(cursor)).toEqual(bad);
      }),
    );
  });
});
