import { existsSync } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { EngineOptions } from "../engine/engine.ts";
import { freePort } from "../engine/free-port.ts";
import type { Java } from "./java.ts";
import { startBroker } from "./broker.ts";
import { KAFKA_VERSION, type KafkaDistribution } from "./distribution.ts";
import { messageOf } from "../engine/readiness.ts";
import { cachedTool, toolFolder } from "../engine/tool-cache.ts";

/**
 * Java's options to read Kafka's classes from an archive, which halves the time and the work of a start.
 * The archive is written once per version of Java, by a broker that is started for nothing else. An
 * ephemeral broker doesn't wait for that (6 s): it goes without if there is no archive yet.
 */
export async function classArchiveOptions(
  java: Java,
  distribution: KafkaDistribution,
  options: EngineOptions,
): Promise<string[]> {
  const name = `kafka-${KAFKA_VERSION}-classes-${java.version}`;
  if (options.ephemeral && !cachedTool(options.env, name)) return [];
  const folder = await toolFolder(options.env, name, (partial) =>
    prepare(partial, java, distribution, options),
  );
  const archive = archiveIn(folder);
  return existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
}

function archiveIn(folder: string): string {
  return join(folder, "kafka.jsa");
}

async function prepare(
  partial: string,
  java: Java,
  distribution: KafkaDistribution,
  { env, report }: EngineOptions,
): Promise<void> {
  report("preparing Kafka for quick starts (once) …");
  const begin = Date.now();
  const folder = join(partial, "broker");
  await mkdir(folder);
  const javaOptions = [`-XX:ArchiveClassesAtExit=${archiveIn(partial)}`];
  try {
    const port = await freePort();
    const broker = await startBroker({ java, distribution, javaOptions, port, folder, env });
    await broker.stop();
    if ((await broker.exit) === null) throw new Error("it had to be killed");
    report(`prepared Kafka in ${((Date.now() - begin) / 1000).toFixed(1)} s`);
  } catch (error) {
    report(`Kafka will start slower than it could: ${messageOf(error)}`);
    await rm(archiveIn(partial), { force: true });
  }
  await rm(folder, { recursive: true, force: true });
}
