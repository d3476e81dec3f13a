import { setTimeout as delay } from "node:timers/promises";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import { expect, test } from "vitest";
import {
  rowsOf,
  seeded,
  startTestRelay,
  testDatabase,
  testTopics,
  until,
  type TestDatabase,
} from "./harness.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

const WRITERS = 6;
const ROUNDS = 12;

/** Writers with aggregates of their own, at it until told to stop; answers how many events each key has. */
function startWriters(database: TestDatabase, random: () => number) {
  const counts = new Map<string, number>();
  let stopped = false;
  const write = async (writer: number) => {
    while (!stopped) {
      const key = `o${writer}-${Math.floor(random() * 3)}`;
      const last = counts.get(key) ?? 0;
      const more = 1 + Math.floor(random() * 3);
      await inTransaction(database.client, (session) =>
        database.outbox.insertMany(rowsOf(key, last + 1, last + more), { session }),
      );
      counts.set(key, last + more);
    }
  };
  const writing = Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  return {
    stop: async () => {
      stopped = true;
      await writing;
      return counts;
    },
  };
}

test.each([1, 2, 3])(
  "a relay that is stopped at random moments and started again loses and reorders nothing (seed %i)",
  async (seed) => {
    const random = seeded(seed);
    const database = await testDatabase();
    const kafka = testTopics();
    const reader = await readTopics(kafka);
    const writers = startWriters(database, random);
    for (let round = 0; round < ROUNDS; round += 1) {
      const relay = startTestRelay(database, kafka);
      // The random moment is the fault; nothing waits for it to be long enough.
      await delay(random() * 250);
      await relay.stop();
      // Every third time the position is of no use, so that the log is read again.
      if (random() < 1 / 3) await database.slots.updateMany({}, { $set: { token: null } });
    }
    startTestRelay(database, kafka);
    await until(() => reader.received.length > 0);
    await reader.complete(await writers.stop());
    expect(outOfOrder(reader.received)).toEqual([]);
  },
);
