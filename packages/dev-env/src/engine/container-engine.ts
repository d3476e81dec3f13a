import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { ContainerRuntimeClient } from "testcontainers";
import type { EngineOptions } from "./engine.ts";
import { messageOf } from "./readiness.ts";

const ANSWER_WITHIN_MS = 5000;
const PULL_WITHIN_MS = 600_000;
const REAPER_WITHIN_MS = 60_000;

/**
 * The container engine, with the image ready to run: one that can't get its image counts as none.
 * Without an engine this takes no time: testcontainers is loaded only if there is a place to look at.
 * @throws with what is lacking.
 */
export async function containerEngine(
  image: string,
  options: EngineOptions,
): Promise<ContainerRuntimeClient> {
  if (!mayHaveEngine(options.env))
    throw new Error("no container engine: no DOCKER_HOST and no socket of one");
  const { getContainerRuntimeClient } = await import("testcontainers");
  const client = await within(ANSWER_WITHIN_MS, "the container engine's answer", getContainerRuntimeClient());
  const { host } = client.info.containerRuntime;
  // Its containers can't see our folders.
  if (host !== "localhost" && host !== "127.0.0.1")
    throw new Error("the container engine is on another host");
  await provideImage(client, image, options);
  await provideReaper(client, options);
  return client;
}

/** The user that a container must run as to write files that are ours; undefined = the image's own. */
export async function containerUser(client: ContainerRuntimeClient): Promise<string | undefined> {
  if (!process.getuid || !process.getgid) return undefined;
  const info: unknown = await client.container.dockerode.info();
  // Under a rootless engine root in the container is the user outside.
  return isRootless(info) ? "0:0" : `${process.getuid()}:${process.getgid()}`;
}

function isRootless(info: unknown): boolean {
  if (typeof info !== "object" || info === null || !("SecurityOptions" in info)) return false;
  return Array.isArray(info.SecurityOptions) && info.SecurityOptions.includes("name=rootless");
}

// The places that testcontainers looks at.
function mayHaveEngine(env: NodeJS.ProcessEnv): boolean {
  if (process.platform === "win32" || env["DOCKER_HOST"] || env["TESTCONTAINERS_HOST_OVERRIDE"]) return true;
  const home = homedir();
  const places = [
    "/var/run/docker.sock",
    `/run/user/${process.getuid?.()}/docker.sock`,
    join(home, ".docker/run/docker.sock"),
    join(home, ".docker/desktop/docker.sock"),
    join(home, ".testcontainers.properties"),
  ];
  if (env["XDG_RUNTIME_DIR"]) places.push(join(env["XDG_RUNTIME_DIR"], "docker.sock"));
  return places.some((place) => existsSync(place));
}

async function provideImage(client: ContainerRuntimeClient, image: string, { report }: EngineOptions) {
  const { ImageName } = await import("testcontainers");
  const name = ImageName.fromString(image);
  if (await client.image.exists(name)) return;
  report(`pulling ${image} …`);
  const begin = Date.now();
  // The engine may report a failed pull in the middle of its answer, unseen: what counts is the image.
  await within(PULL_WITHIN_MS, `the pull of ${image}`, client.image.pull(name)).catch((error: unknown) => {
    throw new Error(`${image} can't be had: ${messageOf(error)}`);
  });
  if (!(await client.image.exists(name))) throw new Error(`${image} can't be had`);
  report(`pulled ${image} in ${((Date.now() - begin) / 1000).toFixed(1)} s`);
}

// Testcontainers' reaper removes our containers when this process is killed. It is an image of its own.
async function provideReaper(client: ContainerRuntimeClient, { report }: EngineOptions): Promise<void> {
  if (process.env["TESTCONTAINERS_RYUK_DISABLED"] === "true") return;
  const { getReaper } = await import("testcontainers");
  try {
    await within(REAPER_WITHIN_MS, "the reaper's start", getReaper(client));
  } catch (error) {
    process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";
    report(`a kill -9 will leave containers behind until the next start: no reaper (${messageOf(error)})`);
  }
}

async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`${what} took longer than ${limitMs / 1000} s`)), limitMs);
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
