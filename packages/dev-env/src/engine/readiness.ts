import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { Life } from "./engine.ts";

const POLL_MS = 25;

/** An error's message, or the thrown thing as text. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Asks until `probe` resolves.
 * @throws when the life ends first, or after `withinMs`, with the last answer.
 */
export async function untilAnswering(
  life: Life,
  withinMs: number,
  probe: () => Promise<void>,
): Promise<void> {
  let end: string | undefined;
  void life.ended.then((reason) => (end = reason));
  const deadline = Date.now() + withinMs;
  for (;;) {
    const failure = await probe().then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    if (failure === undefined) return;
    if (end !== undefined) throw new Error(end);
    if (Date.now() > deadline) throw new Error(`gave no answer within ${withinMs / 1000} s: ${failure}`);
    await delay(POLL_MS);
  }
}

/** Resolves once something listens on the port; rejects if nothing does. */
export async function portOpen(host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host, port, timeout: 1000 });
    socket.once("connect", () => resolve(void socket.destroy()));
    socket.once("timeout", () => socket.destroy(new Error(`no connection to ${host}:${port} within 1 s`)));
    socket.once("error", reject);
  });
}
