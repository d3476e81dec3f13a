import { mkdir, symlink, unlink } from "node:fs/promises";
import { join } from "node:path";
import { runTool } from "../engine/child.ts";
import type { ToolOptions } from "../engine/engine.ts";
import { onPath } from "../engine/on-path.ts";
import { cacheDir, toolFolder } from "../engine/tool-cache.ts";
import { goBuild } from "./go.ts";

const ANSWER_WITHIN_MS = 10_000;
const COMPOSE_VERSION = "v2.40.3";
/** Compose's folder in the cache. */
export const COMPOSE_TOOL = `docker-compose-${COMPOSE_VERSION}`;

/**
 * Runs docker's client and returns the last of what it printed.
 * @throws when there is none, when it fails, or when it takes longer.
 */
export async function docker(env: NodeJS.ProcessEnv, withinMs: number, ...args: string[]): Promise<string> {
  const command = onPath("docker", env);
  if (!command) throw new Error("no docker on PATH");
  return runTool({ command, args, env }, withinMs);
}

/** Whether an engine answers docker's client. */
export function engineAnswers(env: NodeJS.ProcessEnv): Promise<boolean> {
  return succeeds(docker(env, ANSWER_WITHIN_MS, "info"));
}

/** Whether the engine has the image. */
export function hasImage(env: NodeJS.ProcessEnv, image: string): Promise<boolean> {
  return succeeds(docker(env, ANSWER_WITHIN_MS, "image", "inspect", image));
}

/**
 * The settings by which docker's client knows compose: none where it does already, else a configuration
 * folder with the pinned one, built from its sources the first time.
 */
export async function composeEnv({ env, report }: ToolOptions): Promise<NodeJS.ProcessEnv> {
  if (await succeeds(docker(env, ANSWER_WITHIN_MS, "compose", "version"))) return {};
  const folder = await toolFolder(env, COMPOSE_TOOL, async (partial) => {
    const target = join(partial, "docker-compose");
    await goBuild("github.com/docker/compose/v2/cmd", COMPOSE_VERSION, target, { env, report });
  });
  const config = join(cacheDir(env), "docker-config");
  const plugin = join(config, "cli-plugins", "docker-compose");
  await mkdir(join(config, "cli-plugins"), { recursive: true });
  await unlink(plugin).catch(() => {});
  await symlink(join(folder, "docker-compose"), plugin);
  return { DOCKER_CONFIG: config };
}

function succeeds(work: Promise<unknown>): Promise<boolean> {
  return work.then(
    () => true,
    () => false,
  );
}
