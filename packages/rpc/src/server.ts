import { Server, ServerCredentials } from "@grpc/grpc-js";
import { HealthImplementation } from "grpc-health-check";
import type { Implementation, StreamHandler, UnaryHandler } from "./handlers.ts";
import { MESSAGE_BYTES_MAX, STREAM_MS_MAX } from "./limits.ts";
import { OpenStreams } from "./open-streams.ts";
import { addReflection } from "./reflection.ts";
import { serverStream } from "./server-stream.ts";
import { unary, type MethodOptions } from "./unary.ts";

const DRAIN_LIMIT_MS = 8_000;

export interface RpcServer extends AsyncDisposable {
  port: number;
}

interface RpcServerOptions extends MethodOptions {
  host: string;
  /** 0: any free port. */
  port: number;
  implementations: readonly Implementation[];
}

/**
 * Starts a gRPC server with these services, health (grpc.health.v1) and reflection. Disposing it ends streams
 * and lets calls in flight finish, up to 8 seconds.
 */
export async function startServer(options: RpcServerOptions): Promise<RpcServer> {
  const server = new Server({
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
    // Clients find new instances behind a name only when they connect anew.
    "grpc.max_connection_age_ms": 5 * 60_000,
    "grpc.max_connection_age_grace_ms": STREAM_MS_MAX + 30_000,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 5_000,
  });
  const streams = new OpenStreams();
  for (const implementation of options.implementations) addService(server, implementation, options, streams);
  const health = addHealth(server, options.implementations);
  addReflection(server, [...options.implementations.map(serviceName), "grpc.health.v1.Health"]);
  const port = await bind(server, options.host, options.port);
  return {
    port,
    async [Symbol.asyncDispose]() {
      for (const name of ["", ...options.implementations.map(serviceName)])
        health.setStatus(name, "NOT_SERVING");
      streams.endAll();
      await drain(server);
    },
  };
}

function addService(
  server: Server,
  { definition, handlers }: Implementation,
  options: MethodOptions,
  streams: OpenStreams,
): void {
  const methods = Object.entries(definition).map(([name, method]) => {
    const handle = handlers[name]!;
    return method.responseStream
      ? ([name, serverStream(method.path, handle as StreamHandler, options, streams)] as const)
      : ([name, unary(method, handle as UnaryHandler, options)] as const);
  });
  server.addService(definition, Object.fromEntries(methods));
}

function addHealth(server: Server, implementations: readonly Implementation[]): HealthImplementation {
  const statuses = Object.fromEntries(
    ["", ...implementations.map(serviceName)].map((name) => [name, "SERVING" as const]),
  );
  const health = new HealthImplementation(statuses);
  health.addToServer(server);
  return health;
}

function serviceName({ definition }: Implementation): string {
  return Object.values(definition)[0]!.path.split("/")[1]!;
}

function bind(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, ServerCredentials.createInsecure(), (error, bound) => {
      if (error)
        reject(new Error(`port ${port} is taken or not ours; set GRPC_PORT to another`, { cause: error }));
      else resolve(bound);
    });
  });
}

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const limit = setTimeout(() => server.forceShutdown(), DRAIN_LIMIT_MS);
    server.tryShutdown(() => {
      clearTimeout(limit);
      resolve();
    });
  });
}
