// A member as a process of its own, so that a test can kill it. It writes each event it applies.
import { mongoFailure } from "@waybill/mongo/failures.ts";
import { connectMongo } from "@waybill/mongo/connect.ts";
import { createLog } from "@waybill/process/log.ts";
import { appliedStore, applyOnce } from "../src/consumer/applied.ts";
import { startConsumer } from "../src/consumer/consumer.ts";
import type { KafkaConfig } from "../src/kafka.ts";
import { topics } from "../src/topics.ts";
import { GROUP } from "./consumer-names.ts";

const [url, database, kafka, member, mode] = process.argv.slice(2) as [
  string,
  string,
  string,
  string,
  string,
];
const log = createLog(member, "silent");
const client = await connectMongo(url, new AbortController().signal, () => undefined);
const db = client.db(database);
const store = appliedStore(client, db, topics.orders, log);
startConsumer({
  group: GROUP,
  topic: topics.orders,
  kafka: JSON.parse(kafka) as KafkaConfig,
  log,
  unavailable: mongoFailure,
  async handle(events) {
    await applyOnce(store, events, async (fresh, session) => {
      const effects = fresh.map(({ aggregateId: key, sequence }) => ({ key, sequence, member }));
      await db.collection("effects").insertMany(effects, { session });
    });
    if (mode === "dies-before-commit") process.kill(process.pid, "SIGKILL");
  },
});
