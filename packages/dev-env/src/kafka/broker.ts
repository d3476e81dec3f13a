import { cp } from "node:fs/promises";
import { join } from "node:path";
import { startChild, type Child } from "../engine/child.ts";
import { complaintsIn, freshLog } from "../engine/engine-folder.ts";
import { freePort } from "../engine/free-port.ts";
import type { Java } from "./java.ts";
import { javaArguments, KAFKA_CLASS, writeKafkaConfig } from "./config.ts";
import type { KafkaDistribution } from "./distribution.ts";
import { untilKafkaAnswers } from "./probe.ts";
import { messageOf } from "../engine/readiness.ts";
import { wholeFolder } from "../engine/tool-cache.ts";

const HOST = "127.0.0.1";
const STOP_WITHIN_MS = 15_000;

/** A broker to run as a child process. */
interface NativeBroker {
  java: Java;
  distribution: KafkaDistribution;
  /** Java's own options beyond the usual ones. */
  javaOptions: string[];
  port: number;
  /** Holds everything it writes. */
  folder: string;
  env: NodeJS.ProcessEnv;
}

/** Starts the broker and resolves when a client can use it; when that fails it is ended. */
export async function startBroker(broker: NativeBroker): Promise<Child> {
  const { java, distribution, javaOptions, port, folder, env } = broker;
  await wholeFolder(join(folder, "data"), (data) => cp(distribution.formatted, data, { recursive: true }));
  const controllerPort = await freePort();
  await writeKafkaConfig(folder, { listenHost: HOST, port, controllerPort, folder });
  const log = join(folder, "kafka.log");
  await freshLog(log);
  const args = javaArguments(folder, distribution.classPath, javaOptions);
  args.push(KAFKA_CLASS, join(folder, "server.properties"));
  const child = startChild({ command: java.path, args, env }, STOP_WITHIN_MS);
  try {
    await untilKafkaAnswers(child, port);
    return child;
  } catch (error) {
    throw await startFailure(child, error, log);
  }
}

async function startFailure(child: Child, error: unknown, log: string): Promise<Error> {
  await child.kill();
  return new Error(`Kafka ${messageOf(error)} | ${await complaintsIn(log, child.output())}`);
}
