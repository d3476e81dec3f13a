import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { lastLines, runTool, startChild, type Child } from "../engine/child.ts";
import { isExecutable, onPath } from "../engine/on-path.ts";
import { messageOf, untilAnswering } from "../engine/readiness.ts";
import { cacheDir } from "../engine/tool-cache.ts";
import type { ToolOptions } from "../engine/engine.ts";
import { docker } from "./docker.ts";

/** A container engine that ends with its owner, with all that runs in it. */
interface PrivateEngine extends AsyncDisposable {
  /** One line for people. */
  origin: string;
  /** An environment in which docker's clients find it. */
  env: NodeJS.ProcessEnv;
}

const DAEMON = "/usr/sbin/dockerd";
const CLIENT = "/usr/bin/docker";
const INSTALL_WITHIN_MS = 300_000;
const READY_WITHIN_MS = 60_000;
const TOOL_WITHIN_MS = 60_000;
const POLICY = "/usr/sbin/policy-rc.d";

/**
 * Starts a dockerd that only this process knows of; its images stay in the cache. Installs Debian's
 * docker.io if it isn't there.
 * @throws when this is not Debian, or not root.
 */
export async function startPrivateEngine(options: ToolOptions): Promise<PrivateEngine> {
  await assertPossible();
  if (!isExecutable(DAEMON)) await installPackages(["docker.io", "iptables"], options);
  // A path of a socket has room for 100 characters.
  const folder = await mkdtemp(join(tmpdir(), "waybill-engine-"));
  const env = await clientEnv(folder, options.env);
  await mkdir(cacheDir(env), { recursive: true });
  const child = startDaemon(folder, env);
  try {
    await untilAnswering(
      child,
      READY_WITHIN_MS,
      async () => void (await docker(env, TOOL_WITHIN_MS, "info")),
    );
    await removeContainers(env);
  } catch (error) {
    await child.kill();
    await rm(folder, { recursive: true, force: true });
    throw new Error(`${DAEMON} ${messageOf(error)} | ${lastLines(child.output(), 3)}`, { cause: error });
  }
  return {
    origin: `a private dockerd (${(await docker(env, TOOL_WITHIN_MS, "--version")).trim()})`,
    env,
    async [Symbol.asyncDispose]() {
      await removeContainers(env).catch(() => undefined);
      // Nothing is in work: what it would do at its end is what it does after a crash.
      await child.kill();
      await removeBridge(env);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Installs packages of Debian's, none of whose services is started. */
export async function installPackages(names: string[], { env, report }: ToolOptions): Promise<void> {
  const apt = onPath("apt-get", env);
  if (!apt) throw new Error("no apt-get on PATH");
  report(`installing ${names.join(", ")} …`);
  const quiet = { ...env, DEBIAN_FRONTEND: "noninteractive" };
  const run = (...args: string[]) => runTool({ command: apt, args, env: quiet }, INSTALL_WITHIN_MS);
  await run("update", "-qq");
  // invoke-rc.d(8): 101 forbids what a package's installation would start.
  const guarded = !existsSync(POLICY);
  if (guarded) await writeFile(POLICY, "#!/bin/sh\nexit 101\n");
  if (guarded) await chmod(POLICY, 0o755);
  try {
    await run("install", "-qq", "--no-install-recommends", ...names);
  } finally {
    if (guarded) await rm(POLICY, { force: true });
  }
}

async function assertPossible(): Promise<void> {
  const system = await readFile("/etc/os-release", "utf8").catch(() => "");
  if (!/^ID="?debian"?$/m.test(system))
    throw new Error("no container engine answers, and this is not Debian");
  if (process.getuid?.() !== 0) throw new Error("no container engine answers, and only root can start one");
}

/** Debian's client comes first: it builds by the engine itself, without a plugin. */
async function clientEnv(folder: string, env: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const bin = join(folder, "bin");
  await mkdir(bin);
  await symlink(CLIENT, join(bin, "docker"));
  return {
    ...env,
    PATH: [bin, env["PATH"], "/usr/sbin", "/sbin"].join(delimiter),
    DOCKER_HOST: `unix://${folder}/docker.sock`,
    DOCKER_BUILDKIT: "1",
    // Testcontainers takes a machine with a /.dockerenv for a container, which has its engine elsewhere.
    TESTCONTAINERS_HOST_OVERRIDE: "127.0.0.1",
    // The reaper is an image that has to be pulled; the containers here end with the engine.
    TESTCONTAINERS_RYUK_DISABLED: "true",
  };
}

// In a process namespace of its own, which the kernel empties when its first process ends: however this
// process ends, the daemon and whatever runs in its containers ends with it.
const ALONE = ["/usr/bin/unshare", "--pid", "--mount-proc", "--fork", "--kill-child"];

function startDaemon(folder: string, env: NodeJS.ProcessEnv): Child {
  const images = join(cacheDir(env), "docker");
  // One daemon at a time works on the images.
  const locked = ["--verbose", "--nonblock", "--no-fork", `${images}.lock`];
  const daemon = [DAEMON, "--host", String(env["DOCKER_HOST"]), "--data-root", images, "--log-level", "warn"];
  daemon.push("--exec-root", join(folder, "exec"), "--pidfile", join(folder, "dockerd.pid"));
  return startChild({ command: "/usr/bin/flock", args: [...locked, ...ALONE, ...daemon], env }, 0);
}

async function removeContainers(env: NodeJS.ProcessEnv): Promise<void> {
  const ids = (await docker(env, TOOL_WITHIN_MS, "ps", "--all", "--quiet")).split(/\s+/).filter(Boolean);
  if (ids.length > 0) await docker(env, TOOL_WITHIN_MS, "rm", "--force", "--volumes", ...ids);
}

async function removeBridge(env: NodeJS.ProcessEnv): Promise<void> {
  const ip = onPath("ip", env);
  if (!ip) return;
  const args = ["link", "delete", "docker0"];
  await runTool({ command: ip, args, env }, TOOL_WITHIN_MS).catch(() => undefined);
}
