import { expect, test } from "vitest";
import { createLog, errorFacts } from "./log.ts";

test("an error's message never reaches the log, on no line of it", () => {
  const facts = JSON.stringify(errorFacts(new Error("name: Jane\n  at 4711 Main Street\nsecret-4711")));
  expect(facts).toContain("log.test.ts");
  expect(facts).not.toContain("Jane");
  expect(facts).not.toContain("secret-4711");
});

test("tokens and secrets are redacted, by themselves, of a child and within a fact; everything else is told", () => {
  const lines: string[] = [];
  const whole = createLog("test", "info", { write: (line) => void lines.push(line) });
  const secret = { token: "s3cr3t", secret: "s3cr3t", authorization: "s3cr3t" };
  const log = whole.child({ group: "g", ...secret });
  log.info(
    { ...secret, order_id: "o1", slots: [1, 2], none: null, at: new Date(0), inner: { ...secret, lanes: 3 } },
    "test.done",
  );
  expect(lines.join("")).not.toContain("s3cr3t");
  const redacted = { token: "[Redacted]", secret: "[Redacted]", authorization: "[Redacted]" };
  expect(JSON.parse(lines[0]!)).toMatchObject({
    level: "info",
    service: "test",
    group: "g",
    msg: "test.done",
    order_id: "o1",
    slots: [1, 2],
    none: null,
    at: "1970-01-01T00:00:00.000Z",
    ...redacted,
    inner: { ...redacted, lanes: 3 },
  });
});
