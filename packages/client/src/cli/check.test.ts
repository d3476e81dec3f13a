import { expect, it, onTestFinished, vi } from "vitest";
import { probed } from "./check.ts";

it("a probe that does not end is a failure after ten seconds, with its advice", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  onTestFinished(() => void vi.useRealTimers());
  const silent = probed("kafka", "is it there?", () => new Promise(() => undefined));
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await silent).toEqual([
    { name: "kafka", state: "fail", detail: "no answer in 10 s", fix: "is it there?" },
  ]);
});
