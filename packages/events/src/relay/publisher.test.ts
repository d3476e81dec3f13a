import fc from "fast-check";
import { expect, test } from "vitest";
import { toOutboxRows, type OutboxRow } from "../outbox.ts";
import { splitBySize } from "./publisher.ts";
import { MESSAGE_BYTES_MAX } from "@waybill/consumer/make-topics.ts";
import { topics } from "../topics.ts";

/** What one record batch may hold, headers included. */
const PART_BYTES_MAX = 4 * 1024 * 1024;
const HEADER_BYTES = 1_000;

const [template] = toOutboxRows(
  {
    tenantId: "acme",
    aggregateId: "order-1",
    lastSequence: 0,
    time: "2024-05-01T00:00:00.000Z",
    traceparent: "",
  },
  [{ topic: topics.orders, type: "waybill.order.created.v1", data: {} }],
);
const rows = fc.array(
  fc
    .tuple(fc.constantFrom("x", "€"), fc.oneof(fc.nat(100), fc.nat(1_500_000)))
    .map(([character, length]): OutboxRow => ({ ...template!, data: character.repeat(length) })),
  { maxLength: 12 },
);
const bytesOf = (part: readonly OutboxRow[]) =>
  part.reduce((sum, { data }) => sum + Buffer.byteLength(data) + HEADER_BYTES, 0);

test("the parts of a batch together are the batch, in its order", () => {
  fc.assert(
    fc.property(rows, (batch) => {
      const together = splitBySize(batch).flat();
      expect(together.length).toBe(batch.length);
      expect(together.every((row, index) => row === batch[index])).toBe(true);
    }),
  );
});

test("no part is larger than a record batch may be, unless it is one row", () => {
  fc.assert(
    fc.property(rows, (batch) => {
      const parts = splitBySize(batch);
      expect(parts.filter((part) => part.length === 0)).toEqual([]);
      expect(parts.every((part) => part.length === 1 || bytesOf(part) <= PART_BYTES_MAX)).toBe(true);
    }),
  );
});

test("there are no more parts than needed: the first row of a part had no room in the one before", () => {
  fc.assert(
    fc.property(rows, (batch) => {
      const parts = splitBySize(batch);
      const roomy = parts
        .slice(1)
        .filter((part, index) => bytesOf([...parts[index]!, part[0]!]) <= PART_BYTES_MAX);
      expect(roomy.length).toBe(0);
    }),
  );
});

test("many small rows go in one part, as long as their headers have room", () => {
  const small = (count: number) => Array.from({ length: count }, () => ({ ...template!, data: "" }));
  const most = Math.floor(PART_BYTES_MAX / HEADER_BYTES);
  expect(splitBySize(small(most))).toHaveLength(1);
  expect(splitBySize(small(most + 1)).map(({ length }) => length)).toEqual([most, 1]);
});

test("nothing has no parts", () => {
  expect(splitBySize([])).toEqual([]);
});

test("a topic takes the largest part", () => {
  expect(MESSAGE_BYTES_MAX).toBeGreaterThanOrEqual(PART_BYTES_MAX);
});
