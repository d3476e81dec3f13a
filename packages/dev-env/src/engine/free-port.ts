import { randomInt } from "node:crypto";
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";

const HOST = "127.0.0.1";
// A killed owner's engine lets go of its port a moment after the owner is gone.
const RELEASE_MS = 1000;
// Below the ports that systems give to outgoing connections: one of those, made while an engine is down,
// could take the engine's port, even a client's own attempt to reach it.
const PORTS = [20_000, 32_000] as const;

/** A port that somebody else listens on. Trying another way to start the engine wouldn't help. */
export class PortTakenError extends Error {}

/** A port on 127.0.0.1 that nobody listens on at the moment. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(...PORTS);
    if (await isFree(port)) return port;
  }
}

/**
 * Checks that nobody listens on the port of 127.0.0.1.
 * @param setting The environment variable that chooses the port.
 * @throws {PortTakenError} with the setting's name.
 */
async function assertPortFree(port: number, setting: string): Promise<void> {
  const deadline = Date.now() + RELEASE_MS;
  while (!(await isFree(port))) {
    if (Date.now() > deadline) {
      throw new PortTakenError(
        `port ${port} (${setting}) is taken: stop what listens there or set ${setting}`,
      );
    }
    await delay(50);
  }
}

/** The wanted port if it is free, or any free one for 0. */
export async function choosePort(wanted: number, setting: string): Promise<number> {
  if (wanted === 0) return freePort();
  await assertPortFree(wanted, setting);
  return wanted;
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(false);
      else reject(error);
    });
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}
