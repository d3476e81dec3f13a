import { docker } from "@waybill/dev-env/containers/docker.ts";
import { serviceNames } from "@waybill/dev-env/system.ts";
import { topics } from "@waybill/events/topics.ts";
import { Kafka, logLevel } from "kafkajs";
import { MongoClient, type Db } from "mongodb";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { IMAGES } from "../images.ts";

const WITHIN_MS = 60_000;
const PREFIX = "prepared.";
const PARTITIONS = 3;
const withDatabase = serviceNames.filter((name) => name !== "gateway");

let mongodb: MongoClient;
let kafka: ReturnType<Kafka["admin"]>;
beforeAll(async () => {
  const { mongodbUrl, kafkaBrokers } = inject("system");
  mongodb = await new MongoClient(mongodbUrl).connect();
  kafka = new Kafka({ brokers: [kafkaBrokers], logLevel: logLevel.NOTHING }).admin();
  await kafka.connect();
});
afterAll(async () => {
  await mongodb.close();
  await kafka.disconnect();
});

/** Runs a service's image as the chart's job does, on a database and topics that nobody has made yet. */
async function prepare(service: string): Promise<string> {
  const settings = {
    PREPARE_ONLY: "true",
    MONGODB_URL: "mongodb://mongodb:27017/?replicaSet=rs0",
    KAFKA_BROKERS: "kafka:9092",
    DATABASE: `prepared_${service}`,
    TOPIC_PREFIX: PREFIX,
    TOPIC_PARTITIONS: String(PARTITIONS),
    SECRETS_KEY: Buffer.alloc(32).toString("base64"),
  };
  const environment = Object.entries(settings).flatMap(([name, value]) => ["--env", `${name}=${value}`]);
  const network = ["--network", `${inject("composeProject")}_default`];
  const locked = ["--read-only", "--cap-drop", "ALL"];
  return docker(
    process.env,
    WITHIN_MS,
    "run",
    "--rm",
    ...locked,
    ...network,
    ...environment,
    `${IMAGES}/${service}`,
  );
}

test.each(withDatabase)(
  "the job before an upgrade makes all that %s would make, and ends by itself",
  async (service) => {
    expect(await prepare(service)).toContain("process.stopped");
    const made = await indexesOf(mongodb.db(`prepared_${service}`));
    expect(made).toEqual(await indexesOf(mongodb.db(service.replace("-", "_"))));
    expect(Object.keys(made).length).toBeGreaterThan(3);
    // What is there already is left as it is.
    await prepare(service);
    expect(await indexesOf(mongodb.db(`prepared_${service}`))).toEqual(made);
  },
);

test("the job makes every topic, with as many partitions as it is told", async () => {
  await prepare("orders");
  const names = Object.values(topics).map((topic) => PREFIX + topic);
  const { topics: found } = await kafka.fetchTopicMetadata({ topics: names });
  expect(found.map(({ name, partitions }) => [name, partitions.length]).toSorted()).toEqual(
    names.map((name) => [name, PARTITIONS]).toSorted(),
  );
});

/** The indexes of each collection. */
async function indexesOf(db: Db): Promise<Record<string, unknown[]>> {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray();
  const entries = collections.map(async ({ name }) => {
    const indexes = await db.collection(name).indexes();
    return [name, indexes.toSorted((one, other) => one.name!.localeCompare(other.name!))] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
