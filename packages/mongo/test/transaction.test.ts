import { MongoClient } from "mongodb";
import { expect, inject, onTestFinished, test } from "vitest";
import { inTransaction } from "../src/transaction.ts";
import { testDatabase } from "./harness.ts";

test("a transaction that ends is there as a whole, with what it answers", async () => {
  const { client, db } = await testDatabase();
  await Promise.all([db.createCollection("a"), db.createCollection("b")]);
  const answer = await inTransaction(client, async (session) => {
    await db.collection("a").insertOne({ n: 1 }, { session });
    await db.collection("b").insertOne({ n: 2 }, { session });
    return "done";
  });
  expect(answer).toBe("done");
  expect(await db.collection("a").countDocuments()).toBe(1);
  expect(await db.collection("b").countDocuments()).toBe(1);
});

test("a transaction whose work throws leaves nothing, and rejects with what was thrown", async () => {
  const { client, db } = await testDatabase();
  await Promise.all([db.createCollection("a"), db.createCollection("b")]);
  const failure = new Error("changed my mind");
  const attempt = inTransaction(client, async (session) => {
    await db.collection("a").insertOne({ n: 1 }, { session });
    await db.collection("b").insertOne({ n: 2 }, { session });
    throw failure;
  });
  await expect(attempt).rejects.toBe(failure);
  expect(await db.collection("a").countDocuments()).toBe(0);
  expect(await db.collection("b").countDocuments()).toBe(0);
});

test("of transactions that change the same document each is applied once", async () => {
  const { client, db } = await testDatabase();
  const sums = db.collection<{ _id: string; sum: number; log: number[] }>("sums");
  await sums.insertOne({ _id: "s", sum: 0, log: [] });
  const add = (by: number) =>
    inTransaction(client, async (session) => {
      const { sum } = (await sums.findOne({ _id: "s" }, { session }))!;
      await sums.updateOne({ _id: "s" }, { $set: { sum: sum + by }, $push: { log: by } }, { session });
    });
  await Promise.all(Array.from({ length: 8 }, (_, index) => add(index + 1)));
  const { sum, log } = (await sums.findOne({ _id: "s" }))!;
  expect(sum).toBe(36);
  expect(log).toHaveLength(8);
});

test("a transaction asks for a snapshot, and for a majority with its journal", async () => {
  const { db } = await testDatabase();
  await db.createCollection("a");
  const client = new MongoClient(inject("mongodbUrl"), { monitorCommands: true });
  onTestFinished(() => client.close());
  const commands: Record<string, unknown>[] = [];
  client.on("commandStarted", ({ command }) => commands.push(command));
  await inTransaction(client, (session) =>
    client.db(db.databaseName).collection("a").insertOne({ n: 1 }, { session }),
  );
  expect(commands.find((command) => "insert" in command)).toMatchObject({
    readConcern: { level: "snapshot" },
  });
  const commit = commands.find((command) => "commitTransaction" in command);
  expect(commit).toMatchObject({ writeConcern: { w: "majority", j: true } });
});
