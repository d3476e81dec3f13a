// The relay's own thread: on the service's event loop it would cost a third of the creates.
import { parentPort, workerData } from "node:worker_threads";
import { connectMongo } from "@waybill/mongo/connect.ts";
import { createLog } from "@waybill/process/log.ts";
import type { RelaySettings } from "./start-relay.ts";
import { createPublisher } from "./publisher.ts";
import { runRelay } from "./relay.ts";

const { service, logLevel, mongodbUrl, database, kafka } = workerData as RelaySettings;
const log = createLog(`${service}-relay`, logLevel);
const stopping = new AbortController();
parentPort!.on("message", () => stopping.abort());

const client = await connectMongo(mongodbUrl, stopping.signal, () =>
  log.warn("relay.waiting_for_mongodb"),
).catch(() => null);
if (client) {
  const publisher = createPublisher(service, kafka, log);
  // Connects and makes the topics before the first event, for consumers that wait for it.
  await publisher.publish([], stopping.signal).catch(() => undefined);
  await runRelay({ client, db: client.db(database), publisher, log }, stopping.signal);
  await publisher[Symbol.asyncDispose]();
  await client.close();
}
parentPort!.close();
