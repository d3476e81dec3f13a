import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, join } from "node:path";
import { isAlive } from "./child.ts";

const PARTIAL = /\.(\d+)\.[0-9a-f-]+\.partial$/;

/** The folder of downloads: `WAYBILL_CACHE`, or `waybill` in the user's cache folder. */
export function cacheDir(env: NodeJS.ProcessEnv): string {
  return env["WAYBILL_CACHE"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "waybill");
}

/** The cached tool's folder, or undefined if it isn't there yet. */
export function cachedTool(env: NodeJS.ProcessEnv, name: string): string | undefined {
  const target = join(cacheDir(env), name);
  return existsSync(target) ? target : undefined;
}

/** The cached tool's folder, made by `fill` if it isn't there yet. `name` carries the version. */
export async function toolFolder(
  env: NodeJS.ProcessEnv,
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  return wholeFolder(join(cacheDir(env), name), fill);
}

/**
 * A folder that is there either complete or not at all: `fill` works in a folder beside it, which takes
 * the final name in one step. Of two processes that fill it at once, the later one's work is dropped.
 */
export async function wholeFolder(target: string, fill: (folder: string) => Promise<void>): Promise<string> {
  if (existsSync(target)) return target;
  await removeAbandoned(target);
  const partial = `${target}.${process.pid}.${randomUUID()}.partial`;
  try {
    await mkdir(partial, { recursive: true });
    await fill(partial);
    await takeName(partial, target);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return target;
}

async function takeName(partial: string, target: string): Promise<void> {
  try {
    await rename(partial, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

async function removeAbandoned(target: string): Promise<void> {
  const folder = dirname(target);
  for (const entry of await readdir(folder).catch(() => [])) {
    const owner = entry.startsWith(`${basename(target)}.`) ? PARTIAL.exec(entry)?.[1] : undefined;
    if (owner && !isAlive(Number(owner))) await rm(join(folder, entry), { recursive: true, force: true });
  }
}
