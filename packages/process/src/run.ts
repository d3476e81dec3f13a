import { createLog, errorFacts, type Logger } from "./log.ts";

/** How long a process may take to stop before it is ended. */
const STOP_LIMIT_MS = 10_000;

/** What a service's `start` gets from the process it runs in. */
export interface ProcessContext {
  log: Logger;
  /** Aborted when the process is asked to stop. */
  signal: AbortSignal;
}

/** What `start` started. */
export interface Running extends AsyncDisposable {
  /** Whether it has done what it was started for: the process ends without being asked to. */
  done?: boolean;
}

/**
 * Runs a service as this process: reads its settings, starts it, and stops it on SIGINT, SIGTERM, or when
 * the process that launched it is gone. Exits with 1 if its settings are wrong or it does not start.
 */
export async function run<Config extends { logLevel: string }>(
  name: string,
  readConfig: () => Config,
  start: (config: Config, context: ProcessContext) => Promise<Running>,
): Promise<void> {
  const config = configOrExit(name, readConfig);
  const log = createLog(name, config.logLevel);
  const stopping = new AbortController();
  const stopped = stopRequest(stopping);
  process.on("unhandledRejection", (reason) => {
    throw reason;
  });
  try {
    const service = await start(config, { log, signal: stopping.signal });
    log.info({ pid: process.pid }, "process.started");
    process.send?.({ ready: true });
    if (!service.done) await stopped;
    endAnyway(log);
    await service[Symbol.asyncDispose]();
    log.info("process.stopped");
    process.exit(0);
  } catch (error) {
    if (!stopping.signal.aborted) {
      log.fatal(
        { ...errorFacts(error), reason: error instanceof Error ? error.message : "" },
        "process.failed",
      );
    }
    process.exit(stopping.signal.aborted ? 0 : 1);
  }
}

function configOrExit<Config>(name: string, readConfig: () => Config): Config {
  try {
    return readConfig();
  } catch (error) {
    process.stderr.write(`${name}: ${error instanceof Error ? error.message : String(error)}\n`);
    return process.exit(1);
  }
}

function stopRequest(stopping: AbortController): Promise<void> {
  return new Promise((resolve) => {
    const stop = () => {
      stopping.abort();
      resolve();
    };
    process.on("SIGINT", stop);
    process.on("SIGTERM", stop);
    // The launcher holds an IPC channel open: it closes when the launcher ends, however it ends.
    if (process.connected) process.on("disconnect", stop);
  });
}

function endAnyway(log: Logger): void {
  setTimeout(() => {
    log.error({ limit_ms: STOP_LIMIT_MS }, "process.stop_overdue");
    process.exit(1);
  }, STOP_LIMIT_MS).unref();
}
