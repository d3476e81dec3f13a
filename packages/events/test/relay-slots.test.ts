import { expect, test } from "vitest";
import { SLOTS } from "../src/outbox.ts";
import { relaySlots } from "../src/relay/slots.ts";
import { testDatabase, until } from "./harness.ts";

test("services that start at once make each slot once, and never take a position back", async () => {
  const { db, slots } = await testDatabase();
  await slots.deleteMany({});
  await Promise.all(Array.from({ length: 10 }, () => relaySlots(db, "").create()));
  expect(await slots.distinct("_id")).toEqual(Array.from({ length: SLOTS }, (_, slot) => slot));
  await slots.updateOne({ _id: 3 }, { $set: { token: "82" } });
  await relaySlots(db, "").create();
  expect(await slots.findOne({ _id: 3 })).toMatchObject({ token: "82" });
});

test("of relays that balance at the same moment no two hold the same slot, and all slots are held", async () => {
  const { db } = await testDatabase();
  const relays = ["a", "b", "c"].map((owner) => relaySlots(db, owner));
  const balance = () => Promise.all(relays.map((relay) => relay.balance()));
  const settled = await until(async () => {
    const held = (await balance()).map((share) => share.map(({ _id }) => _id));
    return held.flat().length === SLOTS && held.every(({ length }) => length <= 6) ? held : null;
  });
  expect(new Set(settled.flat()).size).toBe(SLOTS);
});

test("a relay neither renews nor moves the position of a slot that another one holds now", async () => {
  const { db, slots } = await testDatabase();
  const loser = relaySlots(db, "loser");
  const held = (await loser.balance()).map(({ _id }) => _id);
  await slots.updateOne({ _id: 3 }, { $set: { owner: "winner" } });
  const before = await slots.findOne({ _id: 3 });
  expect(await loser.renew(held)).toBe(false);
  expect(await loser.save(held, "82FF", new Date())).toBe(false);
  await loser.release();
  expect(await slots.findOne({ _id: 3 })).toEqual(before);
  expect(await slots.countDocuments({ token: "82FF", owner: null })).toBe(SLOTS - 1);
});
