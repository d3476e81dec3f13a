import { expect, test } from "vitest";
import { PositionMoved } from "./positions.ts";
import { judge } from "./failures.ts";

const down = new Error("down");
const rules = { attempts: 3, unavailable: (error: unknown) => (error === down ? error : null) };

test.each([
  ["a batch is repeated", { error: new Error("bug"), events: 9, attempts: 1 }, "retry"],
  [
    "a batch is repeated a bounded number of times",
    { error: new Error("bug"), events: 9, attempts: 3 },
    "split",
  ],
  ["a single event is repeated", { error: new Error("bug"), events: 1, attempts: 2 }, "retry"],
  [
    "a single event is given up in the end",
    { error: new Error("bug"), events: 1, attempts: 3 },
    "dead_letter",
  ],
  [
    "after its batch, an event has one try",
    { error: new Error("bug"), events: 1, attempts: 4 },
    "dead_letter",
  ],
  ["nothing is given up while a dependency is down", { error: down, events: 1, attempts: 9 }, "wait"],
  ["nor because another member was faster", { error: new PositionMoved(), events: 1, attempts: 9 }, "wait"],
] as const)("%s", (_title, call, verdict) => {
  expect(judge(call, rules)).toBe(verdict);
});
