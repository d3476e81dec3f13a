import { containerEngine, containerUser } from "../engine/container-engine.ts";
import { engineFolder } from "../engine/engine-folder.ts";
import type { EngineOptions, OwnedEngine } from "../engine/engine.ts";
import { choosePort } from "../engine/free-port.ts";
import { formatArguments, javaArguments, KAFKA_CLASS, writeKafkaConfig } from "./config.ts";
import { untilKafkaAnswers } from "./probe.ts";

/** What is run where `KAFKA_IMAGE` is not set. */
export const KAFKA_IMAGE = "apache/kafka:4.2.0";

const CLASS_PATH = "/opt/kafka/libs/*";

/**
 * Starts Kafka in a container of `KAFKA_IMAGE`, which must have `java` on its path and Kafka's jars where
 * the official image has them, in /opt/kafka/libs. Rejects with what is lacking.
 */
export async function startKafkaContainer(options: EngineOptions): Promise<OwnedEngine> {
  const image = options.env["KAFKA_IMAGE"] || KAFKA_IMAGE;
  const client = await containerEngine(image, options);
  const { MOUNT, ownContainer, removeLeftover } = await import("../engine/owned-container.ts");
  const folder = await engineFolder(options.dataDir, "kafka");
  await removeLeftover(client, folder);
  const port = await choosePort(options.port, "KAFKA_PORT");
  // Inside the container nobody else listens.
  const controllerPort = port === 9093 ? 9094 : 9093;
  await writeKafkaConfig(folder, { listenHost: "0.0.0.0", port, controllerPort, folder: MOUNT });
  return ownContainer({
    client,
    image,
    command: ["sh", "-c", formatAndRun(MOUNT)],
    folder,
    log: "kafka.log",
    port,
    user: await containerUser(client),
    address: `127.0.0.1:${port}`,
    ephemeral: options.ephemeral ?? false,
    ready: (life) => untilKafkaAnswers(life, port),
  });
}

// The image's own start script writes its configuration to places where our user may not write.
function formatAndRun(folder: string): string {
  const java = ["java", ...javaArguments(folder, `'${CLASS_PATH}'`)].join(" ");
  const format = formatArguments(folder).join(" ");
  return `${java} ${format} && exec ${java} ${KAFKA_CLASS} ${folder}/server.properties`;
}
