import { subscribe } from "node:diagnostics_channel";
import type { Socket } from "node:net";
import type { Phases } from "./attempt.ts";

type Opening = Pick<Phases, "dns_ms" | "connect_ms" | "tls_ms">;

/** How long sockets took to open, until the first request on them has told it. */
const openings = new WeakMap<object, Opening>();
/** Attempts by the bytes of their body, which undici hands through. */
const sent = new WeakMap<object, { opening: Opening | null; atMs: number; firstByteMs: number | null }>();

/** Notes how long a socket that begins to connect takes to look up its host, to connect, and to agree on TLS. */
export function watchConnecting(socket: Socket): void {
  const opening: Opening = { dns_ms: null, connect_ms: null, tls_ms: null };
  let beganMs = performance.now();
  const lap = () => {
    const nowMs = performance.now();
    const ms = Math.round(nowMs - beganMs);
    beganMs = nowMs;
    return ms;
  };
  socket.once("lookup", () => (opening.dns_ms = lap()));
  socket.once("connect", () => (opening.connect_ms = lap()));
  socket.once("secureConnect", () => (opening.tls_ms = lap()));
  openings.set(socket, opening);
}

/** Where the time of the attempt with this body went. */
export function phasesOf(body: Buffer): Phases {
  const attempt = sent.get(body);
  return {
    ...(attempt?.opening ?? { dns_ms: null, connect_ms: null, tls_ms: null }),
    first_byte_ms: attempt?.firstByteMs ?? null,
  };
}

// Undici tells on these channels which request goes over which socket, and when it is answered.
subscribe("undici:client:sendHeaders", (message) => {
  const { request, socket } = message as { request: { body: unknown }; socket: Socket };
  if (!Buffer.isBuffer(request.body)) return;
  sent.set(request.body, {
    opening: openings.get(socket) ?? null,
    atMs: performance.now(),
    firstByteMs: null,
  });
  openings.delete(socket);
});
subscribe("undici:request:headers", (message) => {
  const { request } = message as { request: { body: unknown } };
  const attempt = Buffer.isBuffer(request.body) ? sent.get(request.body) : undefined;
  if (attempt) attempt.firstByteMs = Math.round(performance.now() - attempt.atMs);
});
