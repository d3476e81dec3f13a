import type { handleUnaryCall, ServerUnaryCall, StatusObject } from "@grpc/grpc-js";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Logger } from "@waybill/process/log.ts";
import { admission } from "./admission.ts";
import { beginCallLog } from "./call-log.ts";
import type { UnaryHandler } from "./handlers.ts";
import { fromMetadata } from "./metadata.ts";
import { toRefusal, toStatus, type Translate } from "./status.ts";

/** What every method needs from its server. */
export interface MethodOptions {
  log: Logger;
  translate: Translate;
}

/**
 * The one way in: checks the deadline, the tenant and the proto's rules, calls the handler, turns what it
 * throws into a google.rpc.Status, and writes one wide log line. Streams come in by `server-stream.ts`.
 */
export function unary(
  path: string,
  handle: UnaryHandler,
  { log, translate }: MethodOptions,
): handleUnaryCall<unknown, unknown> {
  const admit = admission(path);
  return (grpcCall, callback) => {
    const caller = fromMetadata(grpcCall.metadata);
    const note = beginCallLog(log, path, caller);
    const answer = async () =>
      handle(grpcCall.request, admit(grpcCall.request, caller, deadlineOf(grpcCall)));
    answer().then(
      (response) => {
        note({});
        callback(null, response);
      },
      (cause: unknown) => {
        const refusal = toRefusal(cause, translate);
        note({ refusal, cause });
        callback(toStatus(refusal) as Partial<StatusObject>);
      },
    );
  };
}

function deadlineOf(grpcCall: ServerUnaryCall<unknown, unknown>): number {
  const deadline = Number(grpcCall.getDeadline());
  if (!Number.isFinite(deadline)) throw new DomainError("DEADLINE_REQUIRED");
  return deadline;
}
