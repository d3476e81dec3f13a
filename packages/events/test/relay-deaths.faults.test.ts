import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import type { KafkaConfig } from "../src/kafka.ts";
import { LEASE_MS } from "@waybill/mongo/slots.ts";
import { startTestRelay, testDatabase, testTopics, until, type TestDatabase } from "./harness.ts";
import { shared, upTo, writeAll } from "./slot-shares.ts";
import { outOfOrder, readTopics } from "./topic-reader.ts";

function startRelayProcess({ url, db }: TestDatabase, kafka: KafkaConfig): ChildProcess {
  const script = fileURLToPath(new URL("./relay-process.ts", import.meta.url));
  const child = spawn(process.execPath, [script, url, db.databaseName, JSON.stringify(kafka)], {
    stdio: "inherit",
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  return child;
}

test("when a relay is killed, another one publishes its slots after the lease, losing nothing", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const victim = startRelayProcess(database, kafka);
  await shared(database, [16]);
  startTestRelay(database, kafka);
  await shared(database, [8, 8]);
  const writing = writeAll(database, 1, 60);
  await until(() => reader.received.length > 100);
  victim.kill("SIGKILL");
  const killedAt = performance.now();
  await writing;
  await reader.complete(upTo(60));
  await shared(database, [16]);
  // The lease, and the two looks until the survivor counts itself as the only one.
  expect(performance.now() - killedAt).toBeLessThan(LEASE_MS + 6_000);
  expect(outOfOrder(reader.received)).toEqual([]);
});

test("a relay that freezes and wakes after others took its slots reorders nothing", async () => {
  const database = await testDatabase();
  const kafka = testTopics();
  const reader = await readTopics(kafka);
  const sleeper = startRelayProcess(database, kafka);
  await shared(database, [16]);
  startTestRelay(database, kafka);
  await shared(database, [8, 8]);
  const writing = writeAll(database, 1, 30);
  await until(() => reader.received.length > 50);
  sleeper.kill("SIGSTOP");
  await writing;
  await shared(database, [16]);
  await writeAll(database, 31, 40);
  await reader.complete(upTo(40));
  sleeper.kill("SIGCONT");
  await shared(database, [8, 8]);
  await writeAll(database, 41, 50);
  await reader.complete(upTo(50));
  expect(outOfOrder(reader.received)).toEqual([]);
});
