import { readdir, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { runTool } from "../engine/child.ts";
import type { ToolOptions } from "../engine/engine.ts";
import { freePort } from "../engine/free-port.ts";
import type { Java } from "./java.ts";
import { formatArguments, javaArguments, writeKafkaConfig } from "./config.ts";
import { onPath } from "../engine/on-path.ts";
import { toolFolder } from "../engine/tool-cache.ts";

/** The version of Kafka, whichever way it is started. */
export const KAFKA_VERSION = "4.2.0";

const DOWNLOAD_WITHIN_MS = 300_000;
const FORMAT_WITHIN_MS = 60_000;

/** Kafka's classes and a formatted data folder to start from, on this machine. */
export interface KafkaDistribution {
  classPath: string;
  /** A data folder as the formatting tool leaves it; copying it saves a start of Java. */
  formatted: string;
}

/** Kafka from the cache, downloaded with Maven the first time. @throws without Maven or its repository. */
export async function kafkaDistribution(java: Java, options: ToolOptions): Promise<KafkaDistribution> {
  const folder = await kafkaFolder(java, options);
  return { classPath: await classPathOf(folder), formatted: join(folder, "data") };
}

/** The folder of its jars, for a broker elsewhere. @throws as kafkaDistribution does. */
export async function kafkaLibraries(java: Java, options: ToolOptions): Promise<string> {
  return libsOf(await kafkaFolder(java, options));
}

function kafkaFolder(java: Java, options: ToolOptions): Promise<string> {
  return toolFolder(options.env, `kafka-${KAFKA_VERSION}`, (partial) => download(partial, java, options));
}

async function download(folder: string, java: Java, { env, report }: ToolOptions): Promise<void> {
  const maven = onPath("mvn", env);
  if (!maven) throw new Error(`no Kafka ${KAFKA_VERSION} in the cache and no mvn on PATH to download it`);
  report("downloading Kafka (46 MB, Maven) …");
  const begin = Date.now();
  await writeFile(join(folder, "pom.xml"), POM);
  const args = ["-B", "-q", "-C", "dependency:copy-dependencies", `-DoutputDirectory=${libsOf(folder)}`];
  await runTool({ command: maven, args, env, cwd: folder }, DOWNLOAD_WITHIN_MS);
  await format(folder, java, env);
  report(`downloaded Kafka in ${((Date.now() - begin) / 1000).toFixed(1)} s`);
}

async function format(folder: string, java: Java, env: NodeJS.ProcessEnv): Promise<void> {
  const [port, controllerPort] = [await freePort(), await freePort()];
  await writeKafkaConfig(folder, { listenHost: "127.0.0.1", port, controllerPort, folder });
  const args = [...javaArguments(folder, await classPathOf(folder)), ...formatArguments(folder)];
  await runTool({ command: java.path, args, env }, FORMAT_WITHIN_MS);
  await rm(join(folder, "kafka.log"), { force: true });
}

function libsOf(folder: string): string {
  return join(folder, "libs");
}

// Named one by one and in order: the class archive is only valid for the very same class path.
async function classPathOf(folder: string): Promise<string> {
  const libs = libsOf(folder);
  const jars = (await readdir(libs)).filter((file) => file.endsWith(".jar")).sort();
  return jars.map((jar) => join(libs, jar)).join(delimiter);
}

const POM = `<project>
  <modelVersion>4.0.0</modelVersion>
  <groupId>waybill</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>${KAFKA_VERSION}</version>
    </dependency>
    <!-- Kafka logs through slf4j and leaves the choice of a log4j to whoever runs it. -->
    <dependency>
      <groupId>org.apache.logging.log4j</groupId>
      <artifactId>log4j-slf4j-impl</artifactId>
      <version>2.25.3</version>
    </dependency>
  </dependencies>
  <build>
    <plugins>
      <plugin>
        <groupId>org.apache.maven.plugins</groupId>
        <artifactId>maven-dependency-plugin</artifactId>
        <version>3.8.1</version>
      </plugin>
    </plugins>
  </build>
</project>
`;
