import { expect, test } from "vitest";
import { createCounter } from "../src/counters.ts";
import { testDatabase } from "./harness.ts";

test("50 takers at once of two processes never share a number", async () => {
  const { db } = await testDatabase();
  const counters = [createCounter(db, "order_nr", 1_000, 10), createCounter(db, "order_nr", 1_000, 10)];
  const takes = Array.from({ length: 50 }, (_, index) => counters[index % 2]!.take("t1", 1 + (index % 4)));
  const taken = await Promise.all(takes);
  const numbers = taken.flat();
  expect(numbers).toHaveLength(12 * (1 + 2 + 3 + 4) + 1 + 2);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(Math.min(...numbers)).toBe(1_000);
  for (const each of taken) expect(each.toSorted((a, b) => a - b)).toEqual(each);
});

test("one taker gets consecutive numbers from the first on, over the ends of blocks", async () => {
  const { db } = await testDatabase();
  const counter = createCounter(db, "order_nr", 7, 5);
  const numbers = [
    ...(await counter.take("t1", 3)),
    ...(await counter.take("t1", 4)),
    ...(await counter.take("t1", 12)),
  ];
  expect(numbers).toEqual(Array.from({ length: 19 }, (_, index) => 7 + index));
});

test("each tenant and each name counts for itself", async () => {
  const { db } = await testDatabase();
  const orders = createCounter(db, "order_nr", 1, 10);
  expect(await orders.take("t1", 2)).toEqual([1, 2]);
  expect(await orders.take("t2", 2)).toEqual([1, 2]);
  expect(await createCounter(db, "profile", 1, 10).take("t1", 1)).toEqual([1]);
});

test("a process that starts anew goes on behind every number that was reserved", async () => {
  const { db } = await testDatabase();
  expect(await createCounter(db, "order_nr", 1, 10).take("t1", 2)).toEqual([1, 2]);
  expect(await createCounter(db, "order_nr", 1, 10).take("t1", 2)).toEqual([11, 12]);
});
