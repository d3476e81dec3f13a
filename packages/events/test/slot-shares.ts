import { slotOf, SLOTS } from "../src/outbox.ts";
import { rowsOf, until, type TestDatabase } from "./harness.ts";

/** One key per slot. */
export const keys = Array.from({ length: SLOTS }, (_, slot) => {
  let id = 0;
  while (slotOf(`o${id}`) !== slot) id += 1;
  return `o${id}`;
});

/** Writes one event after the other for each key. */
export async function writeAll({ outbox }: TestDatabase, from: number, to: number): Promise<void> {
  for (let sequence = from; sequence <= to; sequence += 1) {
    await outbox.insertMany(keys.flatMap((key) => rowsOf(key, sequence, sequence)));
  }
}

/** So many events of each key. */
export const upTo = (count: number) => new Map(keys.map((key) => [key, count]));

/** How many slots each relay holds, ascending; those that nobody holds are not counted. */
export async function shares({ slots }: TestDatabase): Promise<number[]> {
  const owned = await slots.find({ owner: { $ne: null } }).toArray();
  return [...Map.groupBy(owned, ({ owner }) => owner).values()]
    .map(({ length }) => length)
    .toSorted((a, b) => a - b);
}

/** Resolves when the relays hold these numbers of slots. */
export async function shared(database: TestDatabase, expected: number[]): Promise<void> {
  await until(async () => JSON.stringify(await shares(database)) === JSON.stringify(expected));
}
