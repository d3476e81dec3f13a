import { DomainError } from "@waybill/errors/domain-error.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { STREAM_MS_MAX, STREAMS_MAX } from "./limits.ts";
import { OpenStreams } from "./open-streams.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("a stream that is not ended before ends after its time", () => {
  const [long, short] = [new AbortController(), new AbortController()];
  const streams = new OpenStreams();
  streams.add(long);
  streams.add(short)[Symbol.dispose]();
  vi.advanceTimersByTime(STREAM_MS_MAX - 1);
  expect(long.signal.aborted).toBe(false);
  vi.advanceTimersByTime(1);
  expect(long.signal.reason).toMatchObject({ code: "STREAM_ENDED" });
  expect(short.signal.aborted).toBe(false);
});

test("a server has so many streams at once and no more, and those that are over make room", () => {
  const streams = new OpenStreams();
  const open = Array.from({ length: STREAMS_MAX }, () => streams.add(new AbortController()));
  const add = () => streams.add(new AbortController());
  expect(add).toThrow(DomainError);
  expect(add).toThrow(`${STREAMS_MAX} streams open`);
  open[7]![Symbol.dispose]();
  expect(add).not.toThrow();
});
