import { writeFile } from "node:fs/promises";
import { join } from "node:path";

/** The main class of the broker and of the tool that formats its data folder. */
export const KAFKA_CLASS = "kafka.Kafka";
const FORMAT_CLASS = "kafka.tools.StorageTool";

// A node that stands alone has nobody to confuse its cluster with: one id does for all.
const CLUSTER_ID = "waybill-dev-env-node-A";
const MAX_MESSAGE_BYTES = 8 * 1024 * 1024;

/** Where a broker listens and keeps its data, as seen by the broker itself. */
interface KafkaPlace {
  /** The address it listens on for clients. */
  listenHost: string;
  /** For clients, who reach it as 127.0.0.1. */
  port: number;
  /** For its own controller. */
  controllerPort: number;
  /** Holds data/, kafka.log and the configuration. */
  folder: string;
}

/** Writes server.properties and log4j2.properties into `folder`; the place says how the broker sees it. */
export async function writeKafkaConfig(folder: string, place: KafkaPlace): Promise<void> {
  await writeFile(join(folder, "server.properties"), serverProperties(place));
  await writeFile(join(folder, "log4j2.properties"), LOG4J2);
}

/** The arguments of `java` for a class of Kafka, apart from the class's own. */
export function javaArguments(folder: string, classPath: string, extra: string[] = []): string[] {
  return [
    "-Xmx512m",
    // Both shorten the start and the memory; a development broker never needs more.
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    ...extra,
    `-Dlog4j2.configurationFile=${folder}/log4j2.properties`,
    `-Dwaybill.kafka.log=${folder}/kafka.log`,
    "-cp",
    classPath,
  ];
}

/** The arguments of the formatting tool; a formatted folder is left as it is. */
export function formatArguments(folder: string): string[] {
  return [
    FORMAT_CLASS,
    "format",
    "--ignore-formatted",
    "-t",
    CLUSTER_ID,
    "-c",
    `${folder}/server.properties`,
  ];
}

function serverProperties({ listenHost, port, controllerPort, folder }: KafkaPlace): string {
  const settings = {
    "process.roles": "broker,controller",
    "node.id": 1,
    // Written anew at each start, so that the ports can change over the life of the data.
    "controller.quorum.voters": `1@127.0.0.1:${controllerPort}`,
    listeners: `CLIENT://${listenHost}:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    "advertised.listeners": `CLIENT://127.0.0.1:${port}`,
    "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "inter.broker.listener.name": "CLIENT",
    "controller.listener.names": "CONTROLLER",
    "log.dirs": `${folder}/data`,
    "auto.create.topics.enable": false,
    "message.max.bytes": MAX_MESSAGE_BYTES,
    "replica.fetch.max.bytes": MAX_MESSAGE_BYTES,
    "group.initial.rebalance.delay.ms": 0,
    // After a crash the broker is let in again when its session before has run out.
    "broker.session.timeout.ms": 2000,
    "broker.heartbeat.interval.ms": 500,
    "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
    ...INTERNAL_TOPICS,
  };
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join("");
}

// One replica, as there is one node; few partitions, so that there is little to open at a start.
const INTERNAL_TOPICS = {
  "default.replication.factor": 1,
  "offsets.topic.replication.factor": 1,
  "offsets.topic.num.partitions": 4,
  "transaction.state.log.replication.factor": 1,
  "transaction.state.log.min.isr": 1,
  "transaction.state.log.num.partitions": 1,
  "share.coordinator.state.topic.replication.factor": 1,
  "share.coordinator.state.topic.min.isr": 1,
  "share.coordinator.state.topic.num.partitions": 1,
};

const LOG4J2 = `status = error
appender.file.type = RollingFile
appender.file.name = file
appender.file.fileName = \${sys:waybill.kafka.log}
appender.file.filePattern = \${sys:waybill.kafka.log}.%i
appender.file.layout.type = PatternLayout
appender.file.layout.pattern = %d %p %m (%c)%n
appender.file.policies.type = SizeBasedTriggeringPolicy
appender.file.policies.size = 10MB
appender.file.strategy.type = DefaultRolloverStrategy
appender.file.strategy.max = 1
rootLogger.level = warn
rootLogger.appenderRef.file.ref = file
logger.kafka.name = kafka
logger.kafka.level = info
`;
