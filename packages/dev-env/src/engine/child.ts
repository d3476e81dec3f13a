import { spawn, type ChildProcess } from "node:child_process";
import type { Life } from "./engine.ts";

const OUTPUT_KEPT = 4096;

// The command replaces the shell and so keeps its pid, which is also the id of its process group. The
// reader left behind waits for the end of descriptor 3, whose other end only this Node process holds:
// when Node dies, in whatever way, the kernel closes it and the reader kills the whole group. As the
// reader itself belongs to the group, the id can't have passed to another process by then.
const TIED_TO_PARENT = '(read -r _ <&3; kill -9 -$$) >/dev/null 2>&1 & exec "$@" 3<&-';

/** What to run as a child process. */
interface ChildCommand {
  /** An absolute path: nothing is looked up. */
  command: string;
  args: string[];
  env: NodeJS.ProcessEnv;
  cwd?: string;
}

/** A child process that never outlives this one, not even when this one is killed. */
export interface Child extends Life {
  /** The exit code, or null when a signal ended it. */
  exit: Promise<number | null>;
  /** The last 4 kB of what it wrote to stdout and stderr. */
  output: () => string;
}

/**
 * Starts a child in a process group of its own, so that a Ctrl-C in the terminal reaches only us and we
 * decide the order in which things end.
 */
export function startChild({ command, args, env, cwd }: ChildCommand, stopWithinMs: number): Child {
  const child = spawn("/bin/sh", ["-c", TIED_TO_PARENT, "sh", command, ...args], {
    env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe", "pipe"],
    ...(cwd === undefined ? {} : { cwd }),
  });
  const output = recentOutput(child);
  const { ended, exit } = endOf(child);
  // Whatever is left of its group goes with it.
  child.once("exit", () => child.stdio[3]?.destroy());

  async function kill() {
    child.kill("SIGKILL");
    await ended;
  }
  async function stop() {
    child.kill("SIGTERM");
    const force = setTimeout(() => child.kill("SIGKILL"), stopWithinMs);
    await ended;
    clearTimeout(force);
  }
  return { ended, exit, output, kill, stop };
}

/**
 * Runs a program to its end and returns what it printed (the last 4 kB of stdout and stderr).
 * Throws when it fails or takes longer than `withinMs`; it is killed then, with all it started.
 */
export async function runTool(tool: ChildCommand, withinMs: number): Promise<string> {
  const child = startChild(tool, 0);
  let late = false;
  const limit = setTimeout(() => {
    late = true;
    void child.kill();
  }, withinMs);
  const code = await child.exit;
  clearTimeout(limit);
  if (late) throw new Error(`${tool.command} took longer than ${withinMs / 1000} s`);
  if (code !== 0) throw new Error(`${tool.command} ${await child.ended}: ${lastLines(child.output(), 3)}`);
  return child.output();
}

/** The last lines of a text that say something, joined to one. */
export function lastLines(text: string, count: number): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter(Boolean).slice(-count).join(" | ");
}

/** Whether a process with this id runs. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function recentOutput(child: ChildProcess): () => string {
  let kept = "";
  const keep = (text: string) => (kept = (kept + text).slice(-OUTPUT_KEPT));
  child.stdout?.setEncoding("utf8").on("data", keep);
  child.stderr?.setEncoding("utf8").on("data", keep);
  return () => kept;
}

function endOf(child: ChildProcess): { ended: Promise<string>; exit: Promise<number | null> } {
  const { promise: ended, resolve } = Promise.withResolvers<string>();
  child.once("error", (error) => resolve(`could not be started: ${error.message}`));
  // "close" and not "exit": only then is all its output here.
  child.once("close", (code, signal) =>
    resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`),
  );
  return { ended, exit: ended.then(() => child.exitCode) };
}
