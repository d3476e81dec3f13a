import { Metadata, type handleUnaryCall, type ServerUnaryCall, type StatusObject } from "@grpc/grpc-js";
import { methodAt } from "@waybill/contract/methods.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { Logger } from "@waybill/process/log.ts";
import { admission } from "./admission.ts";
import { beginCallLog } from "./call-log.ts";
import type { AdmittedCall, Call, UnaryHandler } from "./handlers.ts";
import { idempotencyKeyOf, type Idempotency, type KeptAnswer, type KeptMethod } from "./idempotency.ts";
import { fromMetadata, metadataKeys } from "./metadata.ts";
import { toRefusal, toStatus, type Translate } from "./status.ts";

type GrpcCall = ServerUnaryCall<unknown, unknown>;

/** What every method needs from its server. */
export interface MethodOptions {
  log: Logger;
  translate: Translate;
  /** Where the answers to calls with an idempotency key are kept; without it keys are ignored. */
  idempotency?: Idempotency;
}

/**
 * The one way in: checks the deadline, the tenant and the proto's rules, calls the handler, turns what it
 * throws into a google.rpc.Status, and writes one wide log line. Streams come in by `server-stream.ts`.
 */
export function unary(
  method: KeptMethod,
  handle: UnaryHandler,
  { log, translate, idempotency }: MethodOptions,
): handleUnaryCall<unknown, unknown> {
  const admit = admission(method.path);
  const answer = answering(method, handle, idempotency);
  return (grpcCall, callback) => {
    const caller = fromMetadata(grpcCall.metadata);
    const note = beginCallLog(log, method.path, caller);
    const admitted = async () => {
      const call = admit(grpcCall.request, caller, deadlineOf(grpcCall));
      return answer(grpcCall, call);
    };
    admitted().then(
      ({ response, isReplay }) => {
        note(isReplay ? { isReplay } : {});
        if (isReplay) grpcCall.sendMetadata(replayed());
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

/** How a method answers: once per idempotency key, unless it recognizes a repeat by itself. */
function answering(
  method: KeptMethod,
  handle: UnaryHandler,
  idempotency: Idempotency | undefined,
): (grpcCall: GrpcCall, admitted: AdmittedCall) => Promise<KeptAnswer> {
  const once = methodAt(method.path).idempotent ? undefined : idempotency?.keep(method);
  return async ({ request, metadata }, admitted) => {
    const key = idempotencyKeyOf(metadata);
    let isReplay = false;
    const call: Call = { ...admitted, idempotencyKey: key, markReplay: () => void (isReplay = true) };
    if (!once || key === null) return { response: await handle(request, call), isReplay };
    const { tenantId, deadline } = call;
    return once({ tenantId, key, request, deadline }, () => handle(request, call));
  };
}

function replayed(): Metadata {
  const metadata = new Metadata();
  metadata.set(metadataKeys.replayed, "true");
  return metadata;
}

function deadlineOf(grpcCall: GrpcCall): number {
  const deadline = Number(grpcCall.getDeadline());
  if (!Number.isFinite(deadline)) throw new DomainError("DEADLINE_REQUIRED");
  return deadline;
}
