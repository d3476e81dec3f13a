import { DomainError } from "@waybill/errors/domain-error.ts";
import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { assertMatches, isKnownTag } from "./entity-tag.ts";

const opaque = fc.stringMatching(/^[\x21\x23-\x7e]{0,20}$/);

function matches(tag: string, ifMatch: string | null | undefined): boolean {
  try {
    assertMatches(tag, ifMatch);
    return true;
  } catch (error) {
    if (error instanceof DomainError && error.code === "PRECONDITION_FAILED") return false;
    throw error;
  }
}

describe("a change whose If-Match names the state is let through", () => {
  it.each([null, undefined, "*", " * ", '"3.1"', '"3.0", "3.1"', '"3.0","3.1" ', 'W/"3.1", "3.1"'])(
    "%j",
    (ifMatch) => expect(matches("3.1", ifMatch)).toBe(true),
  );
});

describe("any other change is refused", () => {
  it.each(["", '"3.2"', "3.1", 'W/"3.1"', '"3.1', '"*"', '"3.1.0"', '"x3.1"'])("%j", (ifMatch) =>
    expect(matches("3.1", ifMatch)).toBe(false),
  );
});

test("a refusal tells the tag that would match", () => {
  expect(() => assertMatches("3.1", '"2.1"')).toThrow('the ETag is "3.1" now');
});

test("a tag is found in a list of any tags, whatever they hold", () => {
  fc.assert(
    fc.property(opaque, fc.array(opaque), fc.array(opaque), (tag, before, after) => {
      const list = [...before, tag, ...after].map((each) => `"${each}"`).join(", ");
      expect(matches(tag, list)).toBe(true);
      expect(isKnownTag(tag, list)).toBe(true);
      expect(matches(tag, [...before, ...after].map((each) => `"${each}"`).join(", "))).toBe(
        [...before, ...after].includes(tag),
      );
    }),
  );
});

describe("who asks with If-None-Match has the state", () => {
  it.each(["*", '"3.1"', 'W/"3.1"', '"a,b", W/"3.1"'])("if it is %j", (header) =>
    expect(isKnownTag("3.1", header)).toBe(true),
  );
  it.each(["", "3.1", '"3.2"', 'W/"3"'])("but not if it is %j", (header) =>
    expect(isKnownTag("3.1", header)).toBe(false),
  );
});
