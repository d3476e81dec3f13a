import { expect, test } from "vitest";
import { errorFacts } from "./log.ts";

test("an error's message never reaches the log, on no line of it", () => {
  const facts = JSON.stringify(errorFacts(new Error("name: Jane\n  at 4711 Main Street\nsecret-4711")));
  expect(facts).toContain("log.test.ts");
  expect(facts).not.toContain("Jane");
  expect(facts).not.toContain("secret-4711");
});
