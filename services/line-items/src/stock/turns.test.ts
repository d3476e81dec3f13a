import { expect, test } from "vitest";
import { createTurns } from "./turns.ts";

test("the work of one tenant happens one after the other, also after a failure; others do not wait for it", async () => {
  const turns = createTurns();
  const order: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = turns.take("a", () => gate.promise.then(() => order.push("first")));
  const failing = turns.take("a", () => Promise.reject(new Error("no")));
  const last = turns.take("a", async () => order.push("last"));
  await turns.take("b", async () => order.push("other"));
  gate.resolve();
  await expect(failing).rejects.toThrow("no");
  await Promise.all([first, last]);
  expect(order).toEqual(["other", "first", "last"]);
});

test("more than may wait is refused at once, and there is room again when work has ended", async () => {
  const turns = createTurns(2);
  const gate = Promise.withResolvers<void>();
  const waiting = [turns.take("a", () => gate.promise), turns.take("a", () => gate.promise)];
  await expect(turns.take("a", async () => 1)).rejects.toMatchObject({ code: "DEPENDENCY_UNAVAILABLE" });
  gate.resolve();
  await Promise.all(waiting);
  await expect(turns.take("a", async () => 1)).resolves.toBe(1);
});

test("work whose deadline passed while it waited is refused when its turn comes, and was not begun", async () => {
  const turns = createTurns();
  const gate = Promise.withResolvers<void>();
  const first = turns.take("a", () => gate.promise);
  const begun: string[] = [];
  const late = turns.take("a", async () => begun.push("late"), Date.now() - 1);
  const patient = turns.take("a", async () => begun.push("patient"), Date.now() + 60_000);
  gate.resolve();
  await expect(late).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await Promise.all([first, patient]);
  expect(begun).toEqual(["patient"]);
});
