import { expect, it, vi } from "vitest";
import { repeat } from "./repeat.ts";

const silent = { warn: () => undefined };
const LONG_MS = 60_000;

it("does its work at once and again after its interval", async () => {
  const work = vi.fn<() => Promise<void>>(async () => undefined);
  await using _repeated = repeat(silent, "work", 5, work);
  await vi.waitFor(() => expect(work.mock.calls.length).toBeGreaterThan(3));
});

it("goes on at once while there is more", async () => {
  let left = 3;
  const work = vi.fn<() => Promise<boolean>>(async () => (left -= 1) > 0);
  await using _repeated = repeat(silent, "work", LONG_MS, work);
  await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(3));
});

it("logs what fails under its name and does it again", async () => {
  const warn = vi.fn<() => void>();
  const work = vi.fn<() => Promise<void>>(() => Promise.reject(new TypeError("no")));
  await using _repeated = repeat({ warn }, "work", 5, work);
  await vi.waitFor(() => expect(work.mock.calls.length).toBeGreaterThan(1));
  expect(warn).toHaveBeenCalledWith(expect.objectContaining({ error: "TypeError" }), "work.interrupted");
});

it("does what is asked for meanwhile once more, without waiting", async () => {
  const first = Promise.withResolvers<void>();
  const work = vi.fn<() => Promise<void>>(() => first.promise);
  await using repeated = repeat(silent, "work", LONG_MS, work);
  repeated.soon();
  repeated.soon();
  first.resolve();
  await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(2));
  repeated.soon();
  await vi.waitFor(() => expect(work).toHaveBeenCalledTimes(3));
});

it("ends when it is disposed, after what is under way, which is told", async () => {
  const warn = vi.fn<() => void>();
  let done = false;
  const repeated = repeat({ warn }, "work", LONG_MS, async (signal) => {
    await new Promise((resolve) => signal.addEventListener("abort", resolve));
    done = true;
    throw new Error("broken off");
  });
  await repeated[Symbol.asyncDispose]();
  expect(done).toBe(true);
  expect(warn).not.toHaveBeenCalled();
});
