import { createHash } from "node:crypto";
import { cp, mkdtemp, readFile, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { runTool } from "../engine/child.ts";
import { onPath } from "../engine/on-path.ts";
import { kafkaLibraries } from "../kafka/distribution.ts";
import { findJava } from "../kafka/java.ts";
import { mongodBinary } from "../mongodb/binary.ts";
import type { ToolOptions } from "../engine/engine.ts";
import { docker, hasImage } from "./docker.ts";
import { installPackages } from "./private-engine.ts";

/** An image that can be made here in the place of an official one. */
export type StandIn = "node" | "mongodb" | "kafka";

/** Raised when a recipe changes, so that no image of the old one is taken for it. */
const RECIPES = 1;

const BOOTSTRAP_WITHIN_MS = 600_000;
const BUILD_WITHIN_MS = 300_000;
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const MONGOSH = "mongosh@2.12.0";

/** Fills the folder that an image is built from, and answers its Dockerfile after FROM. */
type Recipe = (folder: string, options: ToolOptions) => Promise<string>;

const recipes: Record<StandIn, Recipe> = { node: nodeRecipe, mongodb: mongodbRecipe, kafka: kafkaRecipe };

/**
 * Makes an image that does what Waybill needs of the official one: a Debian of Debian's packages with the
 * Node, mongod or Kafka that is run natively here. It is kept by the engine, under a name that tells what it
 * is made by. @throws with what is lacking.
 */
export async function standIn(kind: StandIn, options: ToolOptions): Promise<string> {
  const image = `waybill-stand-in/${kind}:${await fingerprint()}`;
  if (await hasImage(options.env, image)) return image;
  const base = kind === "node" ? await debian(options) : await standIn("node", options);
  options.report(`making ${image} …`);
  await inFolder(async (folder) => {
    const steps = await recipes[kind](folder, options);
    await writeFile(join(folder, "Dockerfile"), `FROM ${base}\n${steps}`);
    await docker(options.env, BUILD_WITHIN_MS, "build", "--quiet", "--tag", image, folder);
  });
  return image;
}

/** The smallest Debian with the libraries of Node and mongod. */
async function debian({ env, report }: ToolOptions): Promise<string> {
  const image = `waybill-stand-in/debian:${await fingerprint()}`;
  if (await hasImage(env, image)) return image;
  report(`making ${image} …`);
  if (!onPath("mmdebstrap", env)) await installPackages(["mmdebstrap"], { env, report });
  const command = onPath("mmdebstrap", env);
  if (!command) throw new Error("no mmdebstrap on PATH");
  const [, suite] = /^VERSION_CODENAME=(\w+)$/m.exec(await readFile("/etc/os-release", "utf8")) ?? [];
  if (!suite) throw new Error("/etc/os-release names no version of Debian");
  await inFolder(async (folder) => {
    const tar = join(folder, "debian.tar");
    const args = ["--variant=minbase", "--include=ca-certificates,libstdc++6,libcurl4", suite, tar];
    await runTool({ command, args, env }, BOOTSTRAP_WITHIN_MS);
    await docker(env, BUILD_WITHIN_MS, "import", tar, image);
  });
  return image;
}

/** The registries of this machine may need its certificates. */
async function nodeRecipe(folder: string, { env }: ToolOptions): Promise<string> {
  await cp(process.execPath, join(folder, "node"));
  await cp(await npmFolder(env), join(folder, "npm"), { recursive: true, dereference: true });
  await cp(CERTIFICATES, join(folder, "ca-certificates.crt"));
  return `COPY node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
COPY ca-certificates.crt ${CERTIFICATES}
ENV NODE_EXTRA_CA_CERTS=${CERTIFICATES}
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm && useradd --uid 1000 --create-home node
CMD ["node"]
`;
}

async function mongodbRecipe(folder: string, options: ToolOptions): Promise<string> {
  const { path } = await mongodBinary(options);
  await cp(path, join(folder, "mongod"));
  const quick = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
  await npm(options.env, "install", "--prefix", join(folder, "mongosh"), ...quick, MONGOSH);
  return `COPY mongosh /opt/mongosh
COPY mongod /usr/local/bin/mongod
RUN ln -s /opt/mongosh/node_modules/.bin/mongosh /usr/local/bin/mongosh && mkdir -p /data/db
VOLUME /data/db
CMD ["mongod", "--bind_ip_all"]
`;
}

/** With the paths of apache/kafka, and settings by KAFKA_… as that image takes them. */
async function kafkaRecipe(folder: string, options: ToolOptions): Promise<string> {
  const java = await findJava(options.env);
  const home = dirname(dirname(await realpath(java.path)));
  await cp(home, join(folder, "java"), { recursive: true, dereference: true, filter: neededToRun });
  await cp(await kafkaLibraries(java, options), join(folder, "libs"), { recursive: true });
  await writeFile(join(folder, "run"), KAFKA_RUN, { mode: 0o755 });
  return `COPY java /opt/java
COPY libs /opt/kafka/libs
COPY run /etc/kafka/docker/run
ENV PATH=/opt/java/bin:/usr/local/bin:/usr/bin:/bin
RUN mkdir -p /var/lib/kafka/data
VOLUME /var/lib/kafka/data
CMD ["/etc/kafka/docker/run"]
`;
}

// Of a JDK what only compiles is left out; its documentation is links into folders that may not be there.
function neededToRun(path: string): boolean {
  return !/\/(jmods|docs|man|include|src\.zip)$/.test(path);
}

const KAFKA_RUN = `#!/bin/bash
# KAFKA_LOG_DIRS=/data becomes log.dirs=/data
set -e
env | sed -nE 's/^KAFKA_([A-Z0-9_]+)=/\\1=/p' | while IFS='=' read -r name value; do
  name=\${name,,}
  echo "\${name//_/.}=$value"
done > /tmp/server.properties
java="java -Xmx512m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp /opt/kafka/libs/*"
set -o noglob
$java kafka.tools.StorageTool format --ignore-formatted -t "$CLUSTER_ID" -c /tmp/server.properties
exec $java kafka.Kafka /tmp/server.properties
`;

async function npm(env: NodeJS.ProcessEnv, ...args: string[]): Promise<string> {
  const command = onPath("npm", env);
  if (!command) throw new Error("no npm on PATH");
  return runTool({ command, args, env }, BUILD_WITHIN_MS);
}

/** The folder of the npm that is used here. */
async function npmFolder(env: NodeJS.ProcessEnv): Promise<string> {
  return join((await npm(env, "root", "--global")).trim(), "npm");
}

/** What else than the recipes an image is made by: Node and this machine's certificates. */
async function fingerprint(): Promise<string> {
  const hash = createHash("sha256").update(await readFile(CERTIFICATES));
  return `${RECIPES}-${process.version}-${hash.digest("hex").slice(0, 8)}`;
}

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "waybill-image-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
