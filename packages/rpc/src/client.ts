import { Client, credentials, type Metadata, type ServiceDefinition, type ServiceError } from "@grpc/grpc-js";
import { methods } from "@waybill/contract/methods.ts";
import type { RequestOf, ResponseOf } from "./handlers.ts";
import { MESSAGE_BYTES_MAX } from "./limits.ts";
import { metadataKeys, toMetadata, type Caller } from "./metadata.ts";
import { fromServiceError } from "./status.ts";

/** How a call is made: for whom, and until when (milliseconds since the epoch). */
export interface CallOptions extends Caller {
  deadline: number;
  /** For a call whose repeat is to be answered as the first was. */
  keyed?: KeyedOptions;
}

/** The name of a call, which its repeats have too. */
interface KeyedOptions {
  idempotencyKey: string;
  /** Is told before the answer if it is that of an earlier call with the same key. */
  onReplay: () => void;
}

/** How a stream is asked for: without a deadline it lasts as long as the service lets it. */
export interface StreamOptions extends Caller {
  deadline?: number;
}

/** A connection to a peer service: one method per RPC. Rejects with DomainErrors only. */
export type Peer<Definition> = {
  [Name in keyof Definition]: Definition[Name] extends { responseStream: true }
    ? (
        request: RequestOf<Definition[Name]>,
        options: StreamOptions,
      ) => AsyncIterable<ResponseOf<Definition[Name]>>
    : (request: RequestOf<Definition[Name]>, options: CallOptions) => Promise<ResponseOf<Definition[Name]>>;
};

/** A channel to a peer process; the services on it share it. */
export interface Channel extends Disposable {
  /** Calls one method by its definition. */
  call: (method: Method, request: unknown, options: CallOptions) => Promise<unknown>;
  /** Reads the stream of one method; whoever stops reading cancels it. */
  stream: (method: Method, request: unknown, options: StreamOptions) => AsyncIterable<unknown>;
}

type Method = ServiceDefinition[string];

/** Opens a channel to `address` (`host:port`, or `dns:///name:port` for several instances). */
export function openChannel(name: string, address: string): Channel {
  const client = new Client(address, credentials.createInsecure(), channelOptions());
  return {
    call: (method, request, options) => makeCall(client, name, method, request, options),
    stream: (method, request, options) => readStream(client, name, method, request, options),
    [Symbol.dispose]: () => client.close(),
  };
}

/** The methods of one service on a channel. */
export function peer<Definition extends ServiceDefinition>(
  channel: Channel,
  definition: Definition,
): Peer<Definition> {
  const calls = Object.entries(definition).map(([name, method]) => {
    const call = method.responseStream
      ? (request: unknown, options: StreamOptions) => channel.stream(method, request, options)
      : (request: unknown, options: CallOptions) => channel.call(method, request, options);
    return [name, call] as const;
  });
  return Object.fromEntries(calls) as Peer<Definition>;
}

function makeCall(
  client: Client,
  peerName: string,
  { path, requestSerialize, responseDeserialize }: Method,
  request: unknown,
  { deadline, keyed, ...caller }: CallOptions,
): Promise<unknown> {
  const metadata = toMetadata(caller);
  if (keyed) metadata.set(metadataKeys.idempotencyKey, keyed.idempotencyKey);
  return new Promise((resolve, reject) => {
    const call = client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      metadata,
      { deadline },
      (error, response) => (error ? reject(fromServiceError(error, peerName)) : resolve(response)),
    );
    if (keyed) {
      call.once("metadata", (answer: Metadata) => {
        if (answer.get(metadataKeys.replayed).length > 0) keyed.onReplay();
      });
    }
  });
}

async function* readStream(
  client: Client,
  peerName: string,
  { path, requestSerialize, responseDeserialize }: Method,
  request: unknown,
  { deadline, ...caller }: StreamOptions,
): AsyncGenerator<unknown> {
  const bound = deadline === undefined ? {} : { deadline };
  const metadata = toMetadata(caller);
  const stream = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    request,
    metadata,
    bound,
  );
  // A call that is canceled ends with an error too, when nobody listens any more.
  stream.on("error", () => undefined);
  try {
    yield* stream;
  } catch (error) {
    throw fromServiceError(error as ServiceError, peerName);
  } finally {
    stream.cancel();
  }
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
