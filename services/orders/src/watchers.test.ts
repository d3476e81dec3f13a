import { expect, test } from "vitest";
import { Watchers } from "./watchers.ts";

test("more watchers than there is room for are refused, until one leaves", () => {
  const watchers = new Watchers(2);
  const first = watchers.enter();
  watchers.enter();
  expect(() => watchers.enter()).toThrow(expect.objectContaining({ code: "TOO_MANY_REQUESTS" }));
  first[Symbol.dispose]();
  watchers.enter();
  expect(() => watchers.enter()).toThrow("2 already watch orders at this instance");
});
