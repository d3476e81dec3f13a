import { expect, test } from "vitest";
import { rowsOf, startTestRelay, testDatabase, testTopics, until } from "./harness.ts";
import { keys, shared, shares, upTo, writeAll } from "./slot-shares.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

test("relays that join and leave share the slots fairly and go on where the others were", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const first = startTestRelay(database, kafka);
  await shared(database, [16]);
  // One slot's row is the last that the whole stream has seen, and its token the position of all of them.
  await database.outbox.insertMany(rowsOf(keys[0]!, 1, 1));
  await until(() => reader.received.length > 0);
  const second = startTestRelay(database, kafka);
  await shared(database, [8, 8]);
  await database.outbox.insertMany(keys.slice(1).flatMap((key) => rowsOf(key, 1, 1)));
  await writeAll(database, 2, 5);
  await reader.complete(upTo(5));
  const third = startTestRelay(database, kafka);
  await shared(database, [4, 6, 6]);
  await writeAll(database, 6, 10);
  await reader.complete(upTo(10));
  await first.stop();
  await second.stop();
  await shared(database, [16]);
  await writeAll(database, 11, 12);
  await reader.complete(upTo(12));
  await third.stop();
  expect(await shares(database)).toEqual([]);
  expect(outOfOrder(reader.received)).toEqual([]);
});
