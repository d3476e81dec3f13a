import { spawn, type ChildProcess } from "node:child_process";
import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { COMPOSE_TOOL, engineAnswers } from "../src/containers/docker.ts";
import { temporaryFolder } from "./harness.ts";

const script = fileURLToPath(new URL("../src/containers/with-engine.ts", import.meta.url));
// The images are not used here.
const images = { NODE_IMAGE: "none", MONGODB_IMAGE: "none", KAFKA_IMAGE: "none" };
const TIME_LIMIT_MS = 60_000;
/** The first one may have to install docker. */
const START_WITHIN_MS = 240_000;

/** A private engine needs Debian, root, and that no other engine runs. */
const isPossible =
  existsSync("/etc/debian_version") && process.getuid?.() === 0 && !(await engineAnswers(process.env));

interface Run {
  process: ChildProcess;
  output: () => string;
  exit: Promise<number | null>;
  /** How many processes of the engine there are: daemons, and what runs in a container. */
  left: () => number;
}

/** Runs a shell's command with an engine that has no images, in which a container runs until its end. */
async function start(command: string): Promise<Run> {
  const cache = await temporaryFolder();
  // Compose is not used here either, and building it takes minutes.
  mkdirSync(join(cache, COMPOSE_TOOL));
  const seconds = String(randomInt(1e8, 1e9));
  const child = spawn(process.execPath, [script, "sh", "-ec", `${container(seconds)}; ${command}`], {
    env: { ...process.env, ...images, WAYBILL_CACHE: cache, TMPDIR: cache },
    stdio: ["pipe", "pipe", "pipe"],
  });
  // A command that waits for more input ends with it.
  onTestFinished(() => void child.stdin.destroy());
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output += String(chunk)));
  return {
    process: child,
    output: () => output,
    exit: new Promise((resolve) => child.once("exit", resolve)),
    left: () => processesOf(cache, seconds),
  };
}

// An image can't be pulled everywhere: this one is a program of this machine with its libraries.
function container(seconds: string): string {
  return `tar -cPh /bin/sleep $(ldd /bin/sleep | grep -o '/[^ ]*') | docker import - sleeper
    docker run --detach --network none sleeper /bin/sleep ${seconds}
    echo a container runs`;
}

describe.runIf(isPossible)("npm run with-engine", { timeout: TIME_LIMIT_MS }, () => {
  test(
    "ends with its command's exit code, and no process is left",
    { timeout: START_WITHIN_MS },
    async () => {
      const run = await start("exit 7");
      expect(await run.exit).toBe(7);
      expect(run.output()).toContain("a container runs");
      await expect.poll(run.left).toBe(0);
    },
  );

  test.each(["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"] as const)(
    "leaves no process of the engine or its containers when it ends by %s",
    async (signal) => {
      const run = await start("exec cat");
      await vi.waitUntil(() => run.output().includes("a container runs"), { timeout: TIME_LIMIT_MS });
      // unshare, dockerd, containerd, a shim, the container's sleep.
      expect(run.left()).toBeGreaterThan(4);
      run.process.kill(signal);
      expect(await run.exit).not.toBe(0);
      await expect.poll(run.left).toBe(0);
    },
  );
});

function processesOf(...markers: string[]): number {
  const commands = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(commandOf);
  return commands.filter((command) => markers.some((marker) => command.includes(marker))).length;
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return "";
  }
}
