// A relay as a process of its own, so that a test can kill or freeze it.
import { connectMongo } from "@waybill/mongo/connect.ts";
import { createLog } from "@waybill/process/log.ts";
import type { KafkaConfig } from "../src/kafka.ts";
import { createPublisher } from "../src/relay/publisher.ts";
import { runRelay } from "../src/relay/relay.ts";

const [url, database, kafka] = process.argv.slice(2) as [string, string, string];
const log = createLog("test-relay", "silent");
const { signal } = new AbortController();
const client = await connectMongo(url, signal, () => undefined);
const publisher = createPublisher("test", JSON.parse(kafka) as KafkaConfig, log);
await runRelay({ client, db: client.db(database), publisher, log }, signal);
