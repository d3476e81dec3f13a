import { Client, credentials, type ServiceDefinition } from "@grpc/grpc-js";
import { methods } from "@waybill/contract/methods.ts";
import type { RequestOf, ResponseOf } from "./handlers.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";
import { toMetadata, type Caller } from "./metadata.ts";
import { fromServiceError } from "./status.ts";

/** How a call is made: for whom, and until when (milliseconds since the epoch). */
export interface CallOptions extends Caller {
  deadline: number;
}

/** A connection to a peer service: one method per RPC. Rejects with DomainErrors only. */
export type Peer<Definition> = {
  [Name in keyof Definition]: (
    request: RequestOf<Definition[Name]>,
    options: CallOptions,
  ) => Promise<ResponseOf<Definition[Name]>>;
};

/** A channel to a peer process; the services on it share it. */
export interface Channel extends Disposable {
  /** Calls one method by its definition. */
  call: (method: ServiceDefinition[string], request: unknown, options: CallOptions) => Promise<unknown>;
}

/** Opens a channel to `address` (`host:port`, or `dns:///name:port` for several instances). */
export function openChannel(name: string, address: string): Channel {
  const client = new Client(address, credentials.createInsecure(), channelOptions());
  return {
    call: (method, request, options) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          method.path,
          method.requestSerialize,
          method.responseDeserialize,
          request,
          toMetadata(options),
          { deadline: options.deadline },
          (error, response) => (error ? reject(fromServiceError(error, name)) : resolve(response)),
        );
      }),
    [Symbol.dispose]: () => client.close(),
  };
}

/** The methods of one service on a channel. */
export function peer<Definition extends ServiceDefinition>(
  channel: Channel,
  definition: Definition,
): Peer<Definition> {
  const calls = Object.entries(definition).map(
    ([name, method]) =>
      [name, (request: unknown, options: CallOptions) => channel.call(method, request, options)] as const,
  );
  return Object.fromEntries(calls) as Peer<Definition>;
}

function channelOptions() {
  return {
    "grpc.service_config": JSON.stringify(serviceConfig()),
    "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
    "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
    // A restarted peer is found again within a second.
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.min_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 1_000,
    // A frozen peer is noticed within three seconds instead of never.
    "grpc.keepalive_time_ms": 2_000,
    "grpc.keepalive_timeout_ms": 1_000,
  };
}

/** Only calls whose repeat is harmless are repeated, and only when the peer was not there. */
function serviceConfig() {
  const retried = methods
    .filter((method) => method.idempotent)
    .map(({ service, path }) => ({ service, method: path.split("/")[2]! }));
  return {
    loadBalancingConfig: [{ round_robin: {} }],
    methodConfig: [
      {
        name: retried,
        retryPolicy: {
          maxAttempts: 4,
          initialBackoff: "0.1s",
          maxBackoff: "1s",
          backoffMultiplier: 3,
          retryableStatusCodes: ["UNAVAILABLE"],
        },
      },
    ],
    retryThrottling: { maxTokens: 100, tokenRatio: 0.1 },
  };
}
