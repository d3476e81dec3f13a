import { once } from "node:events";
import { Metadata, type handleServerStreamingCall, type ServerWritableStream } from "@grpc/grpc-js";
import { admission } from "./admission.ts";
import { beginCallLog } from "./call-log.ts";
import type { StreamHandler } from "./handlers.ts";
import { STREAM_MS_MAX } from "./limits.ts";
import { fromMetadata } from "./metadata.ts";
import type { OpenStreams } from "./open-streams.ts";
import { toRefusal, toStatus } from "./status.ts";
import type { MethodOptions } from "./unary.ts";

type GrpcCall = ServerWritableStream<unknown, unknown>;

/**
 * The one way in for streams: as `unary`, but the caller need not set a deadline, for a stream lasts
 * STREAM_MS_MAX at most. The handler is asked for the next message when the connection has room for it, and
 * learns by its signal that nobody reads on. One wide log line when it is over.
 */
export function serverStream(
  path: string,
  handle: StreamHandler,
  { log, translate }: MethodOptions,
  streams: OpenStreams,
): handleServerStreamingCall<unknown, unknown> {
  const admit = admission(path);
  return (grpcCall) => {
    const caller = fromMetadata(grpcCall.metadata);
    const note = beginCallLog(log, path, caller);
    const stream = new AbortController();
    const { signal } = stream;
    let responses = 0;
    const send = async () => {
      const call = admit(grpcCall.request, caller, deadlineOf(grpcCall));
      using _open = streams.add(stream);
      grpcCall.sendMetadata(new Metadata());
      for await (const response of handle(grpcCall.request, { ...call, signal })) {
        signal.throwIfAborted();
        responses += 1;
        if (!grpcCall.write(response)) await once(grpcCall, "drain", { signal });
      }
    };
    grpcCall.once("cancelled", () => stream.abort());
    // The caller is told at once, also if the handler should not look at its signal.
    Promise.race([send(), abortionOf(signal)]).then(
      () => {
        note({ responses });
        grpcCall.end();
      },
      (cause: unknown) => {
        // Whoever is gone, or has let its deadline pass, has been told by gRPC itself.
        if (grpcCall.cancelled) return note({ status: "CANCELLED", responses });
        const refusal = toRefusal(cause, translate);
        note({ refusal, cause, responses });
        grpcCall.emit("error", toStatus(refusal));
      },
    );
  };
}

function deadlineOf(grpcCall: GrpcCall): number {
  return Math.min(Number(grpcCall.getDeadline()), Date.now() + STREAM_MS_MAX);
}

function abortionOf(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
}
