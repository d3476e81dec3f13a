import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CreateCallbacksResponse } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { KEPT_MS, keptCallsCollection } from "../src/idempotency.ts";
import {
  callWith,
  openTestDatabase,
  servicesAt,
  startTestServer,
  type ProfileHandlers,
  type TestDatabase,
} from "./harness.ts";

type CreateProfile = ProfileHandlers["createProfile"];

const named = (first_name: string) => ({ profile: { first_name, last_name: "L" } });

let database: TestDatabase;
let made: number;

beforeAll(async () => {
  database = await openTestDatabase();
});

beforeEach(async () => {
  await database.clear();
  made = 0;
});

afterAll(() => database[Symbol.asyncDispose]());

/** Stores the name and answers with a number that no other answer has. */
const storeName: CreateProfile = async (_context, { profile }) => {
  await database.store(profile!.first_name!);
  made += 1;
  return { profile: { id: made, first_name: profile!.first_name } };
};

/** Calls CreateProfile; answers the id it got, and whether it was told that this is a replay. */
async function starter(createProfile: CreateProfile = storeName) {
  const { port } = await startTestServer(database, { profiles: { createProfile } });
  const { profiles } = servicesAt(port);
  return async (name: string, key: string | null, changes: { tenantId?: string; deadline?: number } = {}) => {
    const onReplay = vi.fn<() => void>();
    const keyed = key === null ? {} : { keyed: { idempotencyKey: key, onReplay } };
    const options = callWith({ ...keyed, ...changes });
    const { profile } = await profiles.createProfile(named(name), options);
    return { id: profile!.id, replayed: onReplay.mock.calls.length === 1 };
  };
}

test("a repeat gets the answer of the first, and nothing is done again", async () => {
  const create = await starter();
  expect(await create("a", "k1")).toEqual({ id: 1, replayed: false });
  expect(await create("a", "k1")).toEqual({ id: 1, replayed: true });
  expect(await create("a", "k2")).toEqual({ id: 2, replayed: false });
  expect(await create("a", null)).toEqual({ id: 3, replayed: false });
  expect(await database.stored()).toEqual(["a", "a", "a"]);
});

test("a key belongs to one request of one tenant", async () => {
  const create = await starter();
  await create("a", "k1");
  await expect(create("b", "k1")).rejects.toMatchObject({ code: "IDEMPOTENCY_KEY_REUSED" });
  expect(await create("b", "k1", { tenantId: "t2" })).toEqual({ id: 2, replayed: false });
  expect(await database.stored()).toEqual(["a", "b"]);
});

test("a refusal is not kept: nothing was done, and a repeat may do it", async () => {
  const refuse = vi.fn<() => boolean>(() => false).mockReturnValueOnce(true);
  const create = await starter(async (context, request, call) => {
    const answer = await storeName(context, request, call);
    if (refuse()) throw new DomainError("CONFLICT");
    return answer;
  });
  await expect(create("a", "k1")).rejects.toMatchObject({ code: "CONFLICT" });
  expect(await database.stored()).toEqual([]);
  expect(await create("a", "k1")).toMatchObject({ replayed: false });
  expect(await database.stored()).toEqual(["a"]);
});

test("while the first is in work its repeat is refused, and then gets its answer", async () => {
  const release = Promise.withResolvers<void>();
  const create = await starter(async (context, request, call) => {
    const answer = await storeName(context, request, call);
    await release.promise;
    return answer;
  });
  const first = create("a", "k1");
  await expect.poll(() => made).toBe(1);
  await expect(create("a", "k1")).rejects.toMatchObject({
    code: "IDEMPOTENCY_KEY_IN_USE",
    retryAfterMs: 1_000,
  });
  expect(await database.stored()).toEqual([]);
  release.resolve();
  expect(await first).toEqual({ id: 1, replayed: false });
  expect(await create("a", "k1")).toEqual({ id: 1, replayed: true });
});

test("of many at once one is done, and every answer is that one's", async () => {
  const create = await starter();
  const calls = Array.from({ length: 20 }, () => create("a", "k1"));
  const outcomes = await Promise.allSettled(calls);
  const refusals = outcomes.filter(({ status }) => status === "rejected");
  for (const { reason } of refusals as PromiseRejectedResult[])
    expect(reason).toMatchObject({ code: "IDEMPOTENCY_KEY_IN_USE" });
  const answers = outcomes.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value.id] : []));
  expect(new Set(answers).size).toBe(1);
  expect(await database.stored()).toEqual(["a"]);
});

test("an attempt that a repeat has overtaken commits nothing when it wakes", async () => {
  const release = Promise.withResolvers<void>();
  const hang = vi.fn<() => boolean>(() => false).mockReturnValueOnce(true);
  const attempts: Promise<unknown>[] = [];
  const create = await starter((context, request, call) => {
    const isFrozen = hang();
    const attempt = (async () => {
      const answer = await storeName(context, request, call);
      if (isFrozen) await release.promise;
      return answer;
    })();
    attempts.push(attempt);
    return attempt;
  });
  await expect(create("a", "k1", { deadline: Date.now() + 300 })).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
  });
  const second = await vi.waitUntil(() => create("a", "k1").catch(() => null), { timeout: 5_000 });
  expect(second).toMatchObject({ replayed: false });
  release.resolve();
  await Promise.all(attempts);
  expect(await create("a", "k1")).toEqual({ id: second.id, replayed: true });
  // The overtaken attempt has let go of what it had written once this is through.
  await database.store("b");
  expect(await database.stored()).toEqual(["a", "b"]);
});

test("a method that recognizes a repeat by itself is asked again, gets the key, and may note a replay", async () => {
  const getProfile = vi.fn<ProfileHandlers["getProfile"]>(async (_context, { id }, call) => {
    if (id === 2) call.markReplay();
    return { profile: { first_name: call.idempotencyKey } };
  });
  const { port } = await startTestServer(database, { profiles: { getProfile } });
  const { profiles } = servicesAt(port);
  const onReplay = vi.fn<() => void>();
  const call = callWith({ keyed: { idempotencyKey: "k1", onReplay } });
  expect(await profiles.getProfile({ id: 1 }, call)).toMatchObject({ profile: { first_name: "k1" } });
  expect(onReplay).not.toHaveBeenCalled();
  await profiles.getProfile({ id: 2 }, call);
  expect([getProfile.mock.calls.length, onReplay.mock.calls.length]).toEqual([2, 1]);
});

test.each(["a b", "a".repeat(256)])("%s is no key", async (key) => {
  const create = await starter();
  await expect(create("a", key)).rejects.toMatchObject({ code: "INVALID_REQUEST" });
  expect(await database.stored()).toEqual([]);
});

test("an answer is kept for 24 hours, and its key only as a hash", async () => {
  const create = await starter();
  await create("a", "my-own-key");
  const [kept] = await database.db.collection(keptCallsCollection.name).find().toArray();
  expect(Math.abs(kept!["expires_at"].getTime() - Date.now() - KEPT_MS)).toBeLessThan(60_000);
  expect(JSON.stringify(kept)).not.toContain("my-own-key");
  const indexes = await database.db.collection(keptCallsCollection.name).indexes();
  expect(indexes).toContainEqual(expect.objectContaining({ key: { expires_at: 1 }, expireAfterSeconds: 0 }));
});

const told: CreateCallbacksResponse = {
  records_submitted: 1,
  records_processed: 1,
  records_failed: 0,
  records_succeeded: 1,
  results: [{ index: 0, system_id: "c1", status: "success", secret: "whsec_4711" }],
};
const registration = {
  callbacks: [{ url: "https://example.com", message_type: "orderEvent", headers: {} }],
};

test("an answer with a secret is kept sealed, and told again", async () => {
  const reversed = (text: string) => Buffer.from(text).reverse().toString("latin1");
  const seal = vi.fn<(text: string, owner: string) => string>(reversed);
  const createCallbacks = vi.fn<() => Promise<CreateCallbacksResponse>>(async () => told);
  const vault = { seal, open: reversed };
  const { port } = await startTestServer(database, { callbacks: { createCallbacks } }, vault);
  const { callbacks } = servicesAt(port);
  const keyed = { idempotencyKey: "k1", onReplay: () => undefined };
  const create = () => callbacks.createCallbacks(registration, callWith({ keyed }));
  const answers = [await create(), await create()];
  expect(answers.map(({ results }) => results[0]!.secret)).toEqual(["whsec_4711", "whsec_4711"]);
  expect(createCallbacks).toHaveBeenCalledTimes(1);
  const [kept] = await database.db.collection(keptCallsCollection.name).find().toArray();
  expect(kept!["answer"]).toBe(seal.mock.results[0]!.value);
  expect(seal.mock.calls[0]![1]).toBe(kept!["_id"]);
});

test("a service that answers with secrets does not start without a vault", async () => {
  const start = startTestServer(database, { callbacks: { createCallbacks: async () => told } });
  await expect(start).rejects.toThrow("CreateCallbacks answers with a secret");
});
