import { fileURLToPath } from "node:url";
import { readFileSync } from "node:fs";
import { messageOf } from "../engine/readiness.ts";
import { KAFKA_IMAGE } from "../kafka/container.ts";
import { MONGODB_IMAGE } from "../mongodb/container.ts";
import type { ToolOptions } from "../engine/engine.ts";
import { docker, hasImage } from "./docker.ts";
import { standIn, type StandIn } from "./stand-ins.ts";

/** The images that a container engine needs for Waybill, by their settings. */
type Images = Record<"NODE_IMAGE" | "MONGODB_IMAGE" | "KAFKA_IMAGE", string>;

const PULL_WITHIN_MS = 600_000;
const FAILURE_SHOWN = 100;

/** Each image as it is set, else the official one, else, where that can't be pulled, one made here. */
export async function chooseImages(options: ToolOptions): Promise<Images> {
  return {
    NODE_IMAGE: await choose("NODE_IMAGE", nodeImage(), "node", options),
    MONGODB_IMAGE: await choose("MONGODB_IMAGE", MONGODB_IMAGE, "mongodb", options),
    KAFKA_IMAGE: await choose("KAFKA_IMAGE", KAFKA_IMAGE, "kafka", options),
  };
}

/** The base image that the Dockerfile names. */
function nodeImage(): string {
  const dockerfile = fileURLToPath(new URL("../../../../deploy/Dockerfile", import.meta.url));
  const [, image] = /^ARG NODE_IMAGE=(\S+)$/m.exec(readFileSync(dockerfile, "utf8")) ?? [];
  if (!image) throw new Error(`${dockerfile} has no default for NODE_IMAGE`);
  return image;
}

async function choose(
  setting: keyof Images,
  official: string,
  kind: StandIn,
  options: ToolOptions,
): Promise<string> {
  const { env, report } = options;
  const given = env[setting];
  if (given) return given;
  if (await hasImage(env, official)) return official;
  const pulled = docker(env, PULL_WITHIN_MS, "pull", "--quiet", official);
  const failure = await pulled.then(() => null, messageOf);
  if (failure === null) return official;
  report(`${official} can't be pulled (${failure.slice(-FAILURE_SHOWN)}), so it is made here`);
  return standIn(kind, options);
}
