import { join } from "node:path";
import { runTool } from "../engine/child.ts";
import { isExecutable, onPath } from "../engine/on-path.ts";

const OLDEST_MAJOR = 17;
const VERSION_WITHIN_MS = 10_000;

/** A Java runtime on this machine. */
export interface Java {
  path: string;
  /** Such as "17.0.15". */
  version: string;
}

/** The Java of `JAVA_HOME` or `PATH`. @throws when there is none, or one older than Kafka needs. */
export async function findJava(env: NodeJS.ProcessEnv): Promise<Java> {
  const home = env["JAVA_HOME"] && join(env["JAVA_HOME"], "bin", "java");
  const path = home && isExecutable(home) ? home : onPath("java", env);
  if (!path) throw new Error("no java in JAVA_HOME or on PATH");
  const output = await runTool({ command: path, args: ["-version"], env }, VERSION_WITHIN_MS);
  const version = /version "([^"]+)"/.exec(output)?.[1];
  if (!version || Number.parseInt(version, 10) < OLDEST_MAJOR) {
    throw new Error(`Java ${OLDEST_MAJOR} or later is needed, ${path} is ${version ?? "of unknown version"}`);
  }
  return { path, version };
}
