import { randomUUID } from "node:crypto";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Collection, MongoClient } from "mongodb";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { inCallTransaction } from "../src/call-transaction.ts";
import { connectMongo } from "../src/connect.ts";
import { isDuplicateKey } from "../src/failures.ts";
import { inTransaction, onceCommitted, readOwnWrites } from "../src/transaction.ts";

interface Row {
  _id: string;
  sum?: number;
}

let client: MongoClient;
let rows: Collection<Row>;

beforeAll(async () => {
  client = await connectMongo(inject("mongodbUrl"), new AbortController().signal, () => undefined);
  rows = client.db(`mongo_${randomUUID().slice(0, 8)}`).collection<Row>("rows");
});

beforeEach(async () => {
  await rows.deleteMany({});
});

afterAll(async () => {
  await rows.drop();
  await client.close();
});

const insert = (_id: string, alsoFail?: Error) =>
  inTransaction(client, async (session) => {
    await rows.insertOne({ _id }, { session });
    if (alsoFail) throw alsoFail;
  });
const conclude = async () => undefined;
const stored = async () => (await rows.find().sort({ _id: 1 }).toArray()).map(({ _id }) => _id);

test("what a call writes is there when it has ended, with its conclusion, and nothing before", async () => {
  const during: string[][] = [];
  const call = async () => {
    await insert("a");
    await insert("b");
    during.push(await stored());
    return "answer";
  };
  const answer = await inCallTransaction(client, call, async (result, session) => {
    await rows.insertOne({ _id: result }, { session });
    during.push(await stored());
  });
  expect(answer).toBe("answer");
  expect(during).toEqual([[], []]);
  expect(await stored()).toEqual(["a", "answer", "b"]);
});

test("a call that throws leaves nothing, nor does one whose conclusion throws", async () => {
  const refusal = new DomainError("CONFLICT");
  const refused = async () => {
    await insert("a");
    throw refusal;
  };
  await expect(inCallTransaction(client, refused, conclude)).rejects.toBe(refusal);
  await expect(
    inCallTransaction(
      client,
      () => insert("b"),
      () => Promise.reject(refusal),
    ),
  ).rejects.toBe(refusal);
  expect(await stored()).toEqual([]);
});

describe("a call that goes on after a part of it failed", () => {
  const refusal = new DomainError("CONFLICT");

  /** As a batch does: each record's outcome, in order. */
  async function insertEach(records: readonly (readonly [id: string, fails?: Error])[]): Promise<unknown[]> {
    const outcomes: unknown[] = [];
    for (const [id, fails] of records)
      outcomes.push(await insert(id, fails).catch((error: unknown) => error));
    return outcomes;
  }

  test("writes all but that part, and has the same outcome for each", async () => {
    const records = [["a"], ["b", refusal], ["c"], ["d", refusal], ["e"]] as const;
    const outcomes = await inCallTransaction(client, () => insertEach(records), conclude);
    expect(outcomes).toEqual([undefined, refusal, undefined, refusal, undefined]);
    expect(await stored()).toEqual(["a", "c", "e"]);
  });

  test("also when it was the database that refused", async () => {
    await rows.insertOne({ _id: "b" });
    const outcomes = await inCallTransaction(client, () => insertEach([["a"], ["b"], ["c"]]), conclude);
    expect(outcomes.map(isDuplicateKey)).toEqual([false, true, false]);
    expect(await stored()).toEqual(["a", "b", "c"]);
  });

  test("runs once if nothing was written before", async () => {
    let runs = 0;
    const call = () => {
      runs += 1;
      return insertEach([["a", refusal], ["b"]]);
    };
    expect(await inCallTransaction(client, call, conclude)).toEqual([refusal, undefined]);
    expect([runs, await stored()]).toEqual([1, ["b"]]);
  });
});

test("calls that change the same document are each applied once", async () => {
  await rows.insertOne({ _id: "s", sum: 0 });
  const add = async (by: number) => {
    const { sum } = await inTransaction(
      client,
      async (session) => (await rows.findOne({ _id: "s" }, { session }))!,
    );
    await inTransaction(client, (session) =>
      rows.updateOne({ _id: "s" }, { $set: { sum: sum! + by } }, { session }),
    );
  };
  const numbers = Array.from({ length: 6 }, (_, index) => index + 1);
  await Promise.all(numbers.map((by) => inCallTransaction(client, () => add(by), conclude)));
  expect(await rows.findOne({ _id: "s" })).toMatchObject({ sum: 21 });
});

test("a call reads what it has written, and nobody else does", async () => {
  const read = async () => (await rows.find({}, readOwnWrites(client)).toArray()).map(({ _id }) => _id);
  const call = async () => {
    await insert("a");
    return [await read(), await stored()];
  };
  expect(await inCallTransaction(client, call, conclude)).toEqual([["a"], []]);
  expect(await read()).toEqual(["a"]);
});

test("whom a call sets to work finds what it wrote, once, and is left alone if it writes nothing", async () => {
  const found: Promise<string[]>[] = [];
  const look = () => onceCommitted(client, () => void found.push(stored()));
  const refusal = new DomainError("CONFLICT");
  const call = (id: string) => async () => {
    await insert(id);
    look();
    // Makes the call run again.
    await insert("refused", refusal).catch(() => undefined);
  };
  const concluded = async () => expect(found).toEqual([]);
  await inCallTransaction(client, call("a"), concluded);
  expect(await Promise.all(found)).toEqual([["a"]]);
  await expect(inCallTransaction(client, call("b"), () => Promise.reject(refusal))).rejects.toBe(refusal);
  expect(found).toHaveLength(1);
  look();
  expect(found).toHaveLength(2);
});

test("what a call leaves running has transactions of its own", async () => {
  const ended = Promise.withResolvers<void>();
  let left: Promise<void> | null = null;
  const call = async () => {
    await insert("a");
    left = ended.promise.then(() => insert("b"));
    throw new DomainError("CONFLICT");
  };
  await expect(inCallTransaction(client, call, conclude)).rejects.toThrow(DomainError);
  ended.resolve();
  await left!;
  expect(await stored()).toEqual(["b"]);
});

test("the transactions of one call must come one after another", async () => {
  const call = () => Promise.all([insert("a"), insert("b")]);
  await expect(inCallTransaction(client, call, conclude)).rejects.toThrow("one after another");
  expect(await stored()).toEqual([]);
});
