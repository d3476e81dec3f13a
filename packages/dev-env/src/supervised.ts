import { spawn, type ChildProcess } from "node:child_process";
import { createWriteStream, mkdirSync, statSync, truncateSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A service that runs as a process of its own, and is started again when it dies. */
export interface SupervisedService {
  name: string;
  /** The process id, null while it is not running. */
  pid: () => number | null;
  /** How many times it was started. */
  starts: () => number;
  /** Ends it as a crash would; it is started again. */
  kill: () => void;
  /** Resolves when it takes requests; rejects with the reason if it can't be started. */
  ready: () => Promise<void>;
  /** Asks it to end, and forces it after 12 seconds; it is not started again. */
  stop: () => Promise<void>;
}

interface ServiceOptions {
  name: string;
  env: NodeJS.ProcessEnv;
  logFile: string;
  /** Takes one line for people when it dies. */
  report: (line: string) => void;
}

const root = fileURLToPath(new URL("../../../", import.meta.url));
const STABLE_MS = 10_000;
const BACKOFF_MS_MIN = 500;
const BACKOFF_MS_MAX = 10_000;
const STOP_MS_MAX = 12_000;
const LOG_BYTES_MAX = 20 * 1024 * 1024;
/** As in the image, see deploy/Dockerfile. */
const SEMI_SPACE = "--max-semi-space-size=8";

/**
 * Starts services/<name>. When it dies it is started again at once, and with growing pauses while it dies
 * within 10 seconds of its start. A service that dies before it was ever ready is not: it is set up wrongly.
 */
export function supervise(options: ServiceOptions): SupervisedService {
  let child: ChildProcess | null = null;
  let starts = 0;
  let stopping = false;
  const stopped = new AbortController();
  let quickDeaths = 0;
  const firstReady = Promise.withResolvers<void>();
  firstReady.promise.catch(() => undefined);
  let current = Promise.withResolvers<void>();

  const start = () => {
    starts += 1;
    const startedAt = Date.now();
    const born = spawnService(options);
    child = born;
    born.once("message", () => {
      firstReady.resolve();
      current.resolve();
    });
    born.once("exit", (code, signal) => {
      child = null;
      if (stopping) return;
      void died(Date.now() - startedAt, signal ?? `exit code ${code}`);
    });
  };
  const died = async (lifeMs: number, how: string) => {
    if (starts === 1 && !(await isReady(firstReady.promise))) {
      firstReady.reject(new Error(`${options.name} did not start (${how}): see ${options.logFile}`));
      return;
    }
    if (await isReady(current.promise)) current = Promise.withResolvers<void>();
    quickDeaths = lifeMs < STABLE_MS ? quickDeaths + 1 : 0;
    const pauseMs = quickDeaths < 2 ? 0 : Math.min(BACKOFF_MS_MAX, BACKOFF_MS_MIN * 2 ** (quickDeaths - 2));
    options.report(
      `${options.name} died (${how}); starting it again${pauseMs > 0 ? ` in ${pauseMs} ms` : ""}`,
    );
    await delay(pauseMs, undefined, { signal: stopped.signal }).catch(() => undefined);
    if (!stopping) start();
  };

  start();
  return {
    name: options.name,
    pid: () => child?.pid ?? null,
    starts: () => starts,
    kill: () => void child?.kill("SIGKILL"),
    ready: async () => {
      await firstReady.promise;
      await current.promise;
    },
    async stop() {
      stopping = true;
      stopped.abort();
      if (child) await endProcess(child);
    },
  };
}

function spawnService({ name, env, logFile }: ServiceOptions): ChildProcess {
  mkdirSync(dirname(logFile), { recursive: true });
  if (sizeOf(logFile) > LOG_BYTES_MAX) truncateSync(logFile);
  const child = spawn(process.execPath, [SEMI_SPACE, `services/${name}/src/main.ts`], {
    cwd: root,
    env,
    // The IPC channel tells the service that its launcher is gone, however it went. In a session of its own
    // it gets no Ctrl-C from the terminal: the launcher decides the order in which things end.
    stdio: ["ignore", "pipe", "pipe", "ipc"],
    detached: true,
  });
  const log = createWriteStream(logFile, { flags: "a" });
  child.stdout!.pipe(log, { end: false });
  child.stderr!.pipe(log, { end: false });
  child.once("close", () => log.end());
  return child;
}

async function endProcess(child: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const force = setTimeout(() => child.kill("SIGKILL"), STOP_MS_MAX);
  child.kill("SIGTERM");
  await ended;
  clearTimeout(force);
}

function isReady(ready: Promise<void>): Promise<boolean> {
  return Promise.race([
    ready.then(
      () => true,
      () => false,
    ),
    delay(0).then(() => false),
  ]);
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
