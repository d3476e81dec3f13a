import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { problem, standIn, type Received } from "../../test/api-stand-in.ts";
import { gather } from "../../test/gather.ts";
import { Waybill } from "../waybill.ts";
import { createBatch, inBatches } from "./order-batches.ts";
import type { SourceRecord } from "./order-records.ts";

async function* recordsOf(orders: readonly unknown[]): AsyncGenerator<SourceRecord> {
  for (const [index, order] of orders.entries()) yield { line: index + 1, order };
}

const signal = new AbortController().signal;

describe("the batches of an import", () => {
  it("hold every record that is not skipped once, in order, and no more than they may", async () => {
    const order = fc.record({ id: fc.nat(), line_items: fc.array(fc.constant({}), { maxLength: 4 }) });
    await fc.assert(
      fc.asyncProperty(
        fc.array(order),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(8),
        async (orders, max, skip) => {
          const batches = await gather(inBatches(recordsOf(orders), max, skip));
          expect(batches.flat().map(({ index }) => index)).toEqual(
            orders.map((_, index) => index).slice(skip),
          );
          expect(Math.max(0, ...batches.map(({ length }) => length))).toBeLessThanOrEqual(max);
          expect(batches.every(({ length }) => length > 0)).toBe(true);
        },
      ),
    );
  });

  it("hold fewer of records that are large or have many lines", async () => {
    const large = Array.from({ length: 6 }, () => ({ text: "x".repeat(1_500_000) }));
    const long = Array.from({ length: 50 }, () => ({ line_items: Array.from({ length: 500 }, () => 1) }));
    const sizes = async (orders: unknown[]) =>
      (await gather(inBatches(recordsOf(orders), 1_000, 0))).map(({ length }) => length);
    expect(await sizes(large)).toEqual([2, 2, 2]);
    expect(await sizes(long)).toEqual([20, 20, 10]);
  });
});

describe("a batch", () => {
  const accepted = ({ body }: Received) => ({
    status: 200,
    body: { results: (body as unknown[]).map((_, index) => ({ index, status: "success", warnings: [] })) },
  });

  it("creates all but the records that are no orders, each of which is told with its place", async () => {
    const { url, received } = await standIn((request, number) => {
      const errors = [
        { pointer: "/0/priority", code: "WRONG_TYPE", detail: "must be an integer" },
        { pointer: "/0/x", code: "UNKNOWN_KEY", detail: "is not a key" },
        { pointer: "/2", code: "WRONG_TYPE", detail: "must be an object" },
      ];
      return number === 1 ? problem(400, "INVALID_REQUEST", { errors }) : accepted(request);
    });
    const orders = [{ customer_identifier: "a", priority: "x" }, undefined, { customer_identifier: "c" }, 4];
    const batch = orders.map((order, place) => ({ index: 10 + place, line: place + 1, order }));
    const outcomes = await createBatch(new Waybill({ url, key: "k" }), batch, {}, signal);
    expect(received.map(({ body }) => body)).toEqual([[orders[0], orders[2], orders[3]], [orders[2]]]);
    expect(outcomes).toMatchObject([
      {
        index: 10,
        line: 1,
        customer_identifier: "a",
        status: "failure",
        code: "WRONG_TYPE",
        pointer: "/priority",
      },
      { index: 11, line: 2, status: "failure", code: "MALFORMED_JSON" },
      { index: 12, line: 3, status: "success" },
      { index: 13, line: 4, customer_identifier: null, status: "failure", pointer: "" },
    ]);
  });

  it("is not repeated for ever when the API refuses all of it", async () => {
    const { url, received } = await standIn(() => problem(400, "INVALID_REQUEST"));
    const call = createBatch(new Waybill({ url, key: "k" }), [{ index: 0, line: 1, order: {} }], {}, signal);
    await expect(call).rejects.toMatchObject({ code: "INVALID_REQUEST" });
    expect(received).toHaveLength(1);
  });
});
