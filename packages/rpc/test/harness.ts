import { createServer, connect, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { ProfileServiceService } from "@waybill/proto/groupings/v1/profiles.ts";
import { onTestFinished } from "vitest";
import { openChannel, peer, type CallOptions } from "../src/client.ts";
import { implement, type Handlers, type Implementation } from "../src/handlers.ts";
import { startServer, type RpcServer } from "../src/server.ts";

export type ProfileHandlers = Handlers<null, typeof ProfileServiceService>;

/** GetProfile as if the proto said that it streams. */
const streamDefinition = {
  getProfile: { ...ProfileServiceService.getProfile, responseStream: true },
} as const;

export type StreamHandlers = Handlers<null, typeof streamDefinition>;

const handlers: ProfileHandlers = {
  createProfile: async (_, { profile }) => ({ profile: { ...profile!, id: 1 } }),
  getProfile: async (_, { id }) => ({ profile: { id } }),
  listProfiles: async () => ({ limit: 30, offset: 0, include_counts: false, data: [] }),
  updateProfile: async (_, { id, profile }) => ({ profile: { ...profile!, id: id ?? null } }),
};

/** A server in this process, and the lines that it logs. */
interface TestServer extends RpcServer {
  lines: Record<string, unknown>[];
}

/** A server of ProfileService. */
export function startTestServer(changes: Partial<ProfileHandlers> = {}, port = 0): Promise<TestServer> {
  return startLogged(implement(ProfileServiceService, { ...handlers, ...changes }, null), port);
}

/** A server of GetProfile as a stream. */
export function startStreamServer(getProfile: StreamHandlers["getProfile"]): Promise<TestServer> {
  return startLogged(implement(streamDefinition, { getProfile }, null), 0);
}

async function startLogged(implementation: Implementation, port: number): Promise<TestServer> {
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: "debug" },
    { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const options = { host: "127.0.0.1", port, log, translate: () => null };
  const server = await startServer({ ...options, implementations: [implementation] });
  let stopped: PromiseLike<void> | null = null;
  const stop = () => (stopped ??= server[Symbol.asyncDispose]());
  onTestFinished(async () => {
    await stop();
  });
  return { port: server.port, lines, [Symbol.asyncDispose]: stop };
}

/** The profiles service at this port, as a client sees it. */
export function profilesAt(port: number) {
  const channel = openChannel("groupings", `127.0.0.1:${port}`);
  onTestFinished(() => channel[Symbol.dispose]());
  return peer(channel, ProfileServiceService);
}

/** The stream at this port, as a client sees it. */
export function streamAt(port: number) {
  const channel = openChannel("groupings", `127.0.0.1:${port}`);
  onTestFinished(() => channel[Symbol.dispose]());
  return peer(channel, streamDefinition);
}

/** A call that may take this long. */
export function within(ms: number, changes: Partial<CallOptions> = {}): CallOptions {
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`;
  return { tenantId: "t1", requestId: "r1", traceparent, deadline: Date.now() + ms, ...changes };
}

export const ada = { profile: { first_name: "Ada", last_name: "Lovelace" } };

/** Connections to `port` that can be cut. */
export async function startCuttable(port: number): Promise<{ port: number; cut: () => void }> {
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(port, "127.0.0.1");
    for (const socket of [from, to]) sockets.add(socket.on("error", () => undefined));
    from.pipe(to).pipe(from);
  });
  const cut = () => {
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    cut();
    server.close();
  });
  return { port: (server.address() as AddressInfo).port, cut };
}
