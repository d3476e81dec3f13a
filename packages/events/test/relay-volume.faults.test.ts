import { expect, test } from "vitest";
import { rowsOf, startTestRelay, testDatabase, testTopics } from "./harness.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

test("5,000 rows of mixed sizes, some of 900 kB, all arrive in order", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  startTestRelay(database, kafka);
  const expected = new Map<string, number>();
  for (let group = 0; group < 25; group += 1) {
    const rows = rowsOf(`o${group}`, 1, 200, Date.now(), 200);
    const large = rowsOf(`o${group}`, 100, 101, Date.now(), 900_000);
    for (const { sequence, data } of large) rows[sequence - 1]!.data = data;
    await database.outbox.insertMany(rows);
    expected.set(`o${group}`, 200);
  }
  await reader.complete(expected, 25_000);
  expect(outOfOrder(reader.received)).toEqual([]);
  expect(reader.received.filter(({ bytes }) => bytes > 900_000).length).toBeGreaterThanOrEqual(50);
});
