import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { ensureCollections } from "@waybill/mongo/collections.ts";
import { mongoFailure } from "@waybill/mongo/failures.ts";
import type { Collection } from "mongodb";
import { expect, onTestFinished, test } from "vitest";
import { appliedCollection, appliedStore, applyOnce } from "../src/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import { topics } from "../src/topics.ts";
import {
  messagesOf,
  nameOf,
  namesUpTo,
  startTestConsumer,
  testTopic,
  type TestTopic,
} from "./consumer-harness.ts";
import { silent, testDatabase, until, type TestDatabase } from "./harness.ts";

const keys = ["o1", "o2", "o3", "o4", "o5", "o6", "o7", "o8"];

interface Effect {
  key: string;
  sequence: number;
  member: string;
}

interface Scene {
  database: TestDatabase;
  topic: TestTopic;
  effects: Collection<Effect>;
}

async function openScene(): Promise<Scene> {
  const [database, topic] = await Promise.all([testDatabase(), testTopic()]);
  await ensureCollections(database.db, [appliedCollection(), { name: "effects", indexes: [] }]);
  return { database, topic, effects: database.db.collection<Effect>("effects") };
}

function startMemberProcess({ database, topic }: Scene, member: string, mode = "lives"): ChildProcess {
  const script = fileURLToPath(new URL("./consumer-process.ts", import.meta.url));
  const args = [database.url, database.db.databaseName, JSON.stringify(topic.kafka), member, mode];
  const child = spawn(process.execPath, [script, ...args], { stdio: "inherit" });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

/** A member in this process, that applies events as the processes do. */
function startMember({ database, topic, effects }: Scene, member: string, seen: ConsumedEvent[] = []) {
  const store = appliedStore(database.client, database.db, topics.orders, silent);
  const handle = async (events: ConsumedEvent[]) => {
    seen.push(...events);
    await applyOnce(store, events, async (fresh, session) => {
      const made = fresh.map(({ aggregateId: key, sequence }) => ({ key, sequence, member }));
      await effects.insertMany(made, { session });
    });
  };
  return startTestConsumer(topic, handle, { unavailable: mongoFailure });
}

const sendAll = async ({ topic }: Scene, from: number, to: number) => {
  for (let sequence = from; sequence <= to; sequence += 1) {
    await topic.send(keys.flatMap((key) => messagesOf(key, sequence, sequence)));
  }
};

/** The sequences of each key, as they were applied. */
async function applied({ effects }: Scene): Promise<Map<string, number[]>> {
  // As they were inserted: ids of several processes do not sort by time.
  const found = await effects.find().sort({ $natural: 1 }).toArray();
  return new Map(
    keys.map((key) => [key, found.filter((e) => e.key === key).map(({ sequence }) => sequence)]),
  );
}

const oneTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1);
const complete = (count: number) => new Map(keys.map((key) => [key, oneTo(count)]));

/** Sends one round after the other until `member` has applied some of them; answers the last round. */
async function sendUntilWorking(scene: Scene, member: string, after: number): Promise<number> {
  let round = after;
  await until(async () => {
    await sendAll(scene, round + 1, (round += 1));
    return (await scene.effects.countDocuments({ member, sequence: { $gt: after } })) > 0;
  });
  return round;
}

test("members share the partitions; when one is killed the others do its part, and nothing is lost or done twice", async () => {
  const scene = await openScene();
  const victim = startMemberProcess(scene, "victim");
  startMember(scene, "survivor");
  let sent = await sendUntilWorking(scene, "survivor", 0);
  sent = await sendUntilWorking(scene, "victim", sent);
  const sending = sendAll(scene, sent + 1, sent + 60);
  await until(async () => (await scene.effects.countDocuments({ sequence: { $gt: sent + 10 } })) > 0);
  victim.kill("SIGKILL");
  await sending;
  await until(async () => (await scene.effects.countDocuments()) >= keys.length * (sent + 60), 40_000);
  expect(await applied(scene)).toEqual(complete(sent + 60));
}, 60_000);

test("what a member did before it was killed but had not committed comes again, and is done once", async () => {
  const scene = await openScene();
  await scene.topic.send(messagesOf("o1", 1, 5));
  const victim = startMemberProcess(scene, "victim", "dies-before-commit");
  await once(victim, "exit");
  expect([await scene.effects.countDocuments(), await scene.topic.committed()]).toEqual([5, 0]);
  const seen: ConsumedEvent[] = [];
  startMember(scene, "next", seen);
  await until(async () => (await scene.topic.committed()) === 5);
  expect(seen.map(nameOf)).toEqual(namesUpTo(["o1"], 5));
  expect((await applied(scene)).get("o1")).toEqual(oneTo(5));
  expect(await scene.effects.distinct("member")).toEqual(["victim"]);
});

test("members that come and go while events flow lose none and do none twice", async () => {
  const scene = await openScene();
  startMember(scene, "constant");
  let sent = 0;
  for (const name of ["a", "b", "c", "d"]) {
    const guest = startMember(scene, name);
    sent = await sendUntilWorking(scene, name, sent);
    const sending = sendAll(scene, sent + 1, (sent += 20));
    await guest[Symbol.asyncDispose]();
    await sending;
  }
  await until(async () => (await scene.effects.countDocuments()) >= keys.length * sent);
  expect(await applied(scene)).toEqual(complete(sent));
});
