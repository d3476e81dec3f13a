import { expect, test } from "vitest";
import { ensureCollections } from "../src/collections.ts";
import { testDatabase } from "./harness.ts";

const orders = {
  name: "orders",
  indexes: [
    { name: "by_tenant", key: { tenant_id: 1, customer_identifier: 1 }, unique: true },
    { name: "expiry", key: { expires_at: 1 }, expireAfterSeconds: 0 },
  ],
};
const plain = { name: "plain", indexes: [] };

test("services that start at once make each collection and index once", async () => {
  const { db } = await testDatabase();
  await Promise.all(Array.from({ length: 5 }, () => ensureCollections(db, [orders, plain])));
  const names = (await db.listCollections().toArray()).map(({ name }) => name);
  expect(names.toSorted()).toEqual(["orders", "plain"]);
  const indexes = await db.collection("orders").indexes();
  expect(indexes.map(({ name }) => name).toSorted()).toEqual(["_id_", "by_tenant", "expiry"]);
  expect(indexes.find(({ name }) => name === "by_tenant")).toMatchObject({ unique: true });
  expect(indexes.find(({ name }) => name === "expiry")).toMatchObject({ expireAfterSeconds: 0 });
});

test("a later start adds what is declared since and touches nothing else", async () => {
  const { db } = await testDatabase();
  await ensureCollections(db, [{ name: "orders", indexes: [orders.indexes[0]!] }]);
  await db.collection("orders").createIndex({ extra: 1 }, { name: "by_hand" });
  await db.collection("orders").insertOne({ tenant_id: "t1", customer_identifier: "c1" });
  await ensureCollections(db, [orders]);
  const names = (await db.collection("orders").indexes()).map(({ name }) => name);
  expect(names.toSorted()).toEqual(["_id_", "by_hand", "by_tenant", "expiry"]);
  expect(await db.collection("orders").countDocuments()).toBe(1);
});

test("an index that contradicts the one of its name is an error", async () => {
  const { db } = await testDatabase();
  await db.collection("orders").createIndex({ other: 1 }, { name: "by_tenant" });
  await expect(ensureCollections(db, [orders])).rejects.toThrow(/by_tenant/);
});

test("a collection that should be capped is, also one that was made again without that", async () => {
  const { db } = await testDatabase();
  const bounded = { name: "bounded", indexes: [], options: { capped: true, size: 65_536 } };
  await ensureCollections(db, [bounded]);
  expect(await db.collection("bounded").isCapped()).toBe(true);
  await db.collection("bounded").drop();
  await db.collection("bounded").insertOne({ kept: true });
  expect(await db.collection("bounded").isCapped()).toBe(false);
  await ensureCollections(db, [bounded]);
  expect(await db.collection("bounded").isCapped()).toBe(true);
  expect(await db.collection("bounded").countDocuments({ kept: true })).toBe(1);
});
