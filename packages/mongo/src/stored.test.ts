import { expect, test } from "vitest";
import { completed, messageOf } from "./stored.ts";

test("a message has the document's fields, blank where it has none, and nothing that is no field of it", () => {
  const document = { name: "hat", secret: "s", size: undefined };
  expect(messageOf({ name: null as string | null, size: 1, color: null }, document)).toEqual({
    name: "hat",
    size: 1,
    color: null,
  });
});

test("a document that lacks nothing is the one that was found; another gets what it lacks, null stays", () => {
  const blank = { hold: null, requests: [] };
  const whole = { _id: "a", hold: "h", requests: null };
  expect(completed(blank, whole)).toBe(whole);
  expect(completed(blank, { _id: "a", hold: null } as object)).toEqual({ _id: "a", ...blank });
});
