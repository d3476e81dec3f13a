import fc from "fast-check";
import { expect, it } from "vitest";
import { ConnectionError, UnexpectedAnswerError } from "./errors.ts";
import { retryAfterMs, waitBeforeRetry } from "./retry.ts";

const proxyError = (status: number, askedMs: number | null) => new UnexpectedAnswerError(status, askedMs, "");

it("Retry-After is kept to the letter, seconds or date; one longer than a minute is left to the caller", () => {
  expect(retryAfterMs("7", 0)).toBe(7_000);
  expect(retryAfterMs("Thu, 01 Jan 1970 00:00:09 GMT", 2_000)).toBe(7_000);
  expect(retryAfterMs("Thu, 01 Jan 1970 00:00:09 GMT", 60_000)).toBe(0);
  expect([retryAfterMs(null, 0), retryAfterMs("soon", 0)]).toEqual([null, null]);
  expect(waitBeforeRetry(proxyError(503, 7_000), 1, 0.5)).toBe(7_000);
  expect(waitBeforeRetry(proxyError(503, 60_001), 1, 0.5)).toBeNull();
});

it("without it waits grow from an eighth of a second and never pass eight", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 1_000 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (attempt, random) => {
        const wait = waitBeforeRetry(new ConnectionError("broken"), attempt, random)!;
        expect(wait).toBeGreaterThanOrEqual(125);
        expect(wait).toBeLessThanOrEqual(Math.min(8_000, 250 * 2 ** (attempt - 1)));
      },
    ),
  );
});

it("only what may pass is tried again", () => {
  const tried = [400, 404, 409, 422, 429, 500, 501, 502, 503, 504].filter(
    (status) => waitBeforeRetry(proxyError(status, null), 1, 0) !== null,
  );
  expect(tried).toEqual([429, 502, 503, 504]);
  expect(waitBeforeRetry(new Error("a defect"), 1, 0)).toBeNull();
});
