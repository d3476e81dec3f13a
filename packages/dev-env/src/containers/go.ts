import { mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { runTool } from "../engine/child.ts";
import { onPath } from "../engine/on-path.ts";
import type { ToolOptions } from "../engine/engine.ts";

const BUILD_WITHIN_MS = 900_000;
const TIDY_WITHIN_MS = 60_000;

/**
 * Builds a Go program of a module's version to `target`. Its sources and what the compiler keeps, gigabytes,
 * are gone afterwards.
 * @throws without Go, or without Go's module proxy.
 */
export async function goBuild(
  program: string,
  version: string,
  target: string,
  { env, report }: ToolOptions,
): Promise<void> {
  const go = onPath("go", env);
  if (!go) throw new Error(`no go on PATH to build ${program} with`);
  report(`building ${program} ${version} (Go) …`);
  const begin = Date.now();
  const scratch = join(dirname(target), "scratch");
  await mkdir(scratch, { recursive: true });
  const goEnv = {
    ...env,
    GOMODCACHE: join(scratch, "modules"),
    GOCACHE: join(scratch, "objects"),
    GOFLAGS: "-modcacherw",
    CGO_ENABLED: "0",
  };
  const run = (withinMs: number, ...args: string[]) =>
    runTool({ command: go, args, env: goEnv, cwd: scratch }, withinMs);
  // In a module of its own, for `go install` refuses modules that replace others.
  await run(TIDY_WITHIN_MS, "mod", "init", "scratch");
  await run(BUILD_WITHIN_MS, "get", `${program}@${version}`);
  // Compiled in half the time without optimizations, and no less right.
  await run(BUILD_WITHIN_MS, "build", "-gcflags=all=-N -l", "-ldflags=-s -w", "-o", target, program);
  await rm(scratch, { recursive: true, force: true });
  report(`built ${program} in ${((Date.now() - begin) / 1000).toFixed(0)} s`);
}
