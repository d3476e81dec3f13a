import { status, type handleUnaryCall, type ServerUnaryCall, type StatusObject } from "@grpc/grpc-js";
import { methodAt } from "@waybill/contract/methods.ts";
import { requestCheck } from "@waybill/contract/request-check.ts";
import { catalogue } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { Call } from "./handlers.ts";
import { fromMetadata } from "./metadata.ts";
import { toStatus } from "./status.ts";

/** What every unary method needs from its server. */
export interface UnaryOptions {
  log: Logger;
  /** Recognizes a storage's failures: a DomainError to answer with, or null. */
  translate: (error: unknown) => DomainError | null;
}

/**
 * The one way in: checks the deadline, the tenant and the proto's rules, calls the handler, turns what it
 * throws into a google.rpc.Status, and writes one wide log line.
 */
export function unary(
  path: string,
  handle: (request: unknown, call: Call) => Promise<unknown>,
  { log, translate }: UnaryOptions,
): handleUnaryCall<unknown, unknown> {
  const check = requestCheck(methodAt(path).input);
  return (grpcCall, callback) => {
    const started = performance.now();
    const finish = (refusal: DomainError | null, cause?: unknown) =>
      log[refusal && isOurs(refusal) ? "error" : "info"](
        callFacts(grpcCall, path, refusal, cause, performance.now() - started),
        "rpc.call",
      );
    answer(grpcCall, check, handle).then(
      (response) => {
        finish(null);
        callback(null, response);
      },
      (error: unknown) => {
        const refusal = toRefusal(error, translate);
        finish(refusal, error);
        callback(toStatus(refusal) as Partial<StatusObject>);
      },
    );
  };
}

async function answer(
  grpcCall: ServerUnaryCall<unknown, unknown>,
  check: ReturnType<typeof requestCheck>,
  handle: (request: unknown, call: Call) => Promise<unknown>,
): Promise<unknown> {
  const deadline = deadlineOf(grpcCall);
  const caller = fromMetadata(grpcCall.metadata);
  if (!caller) throw new DomainError("UNAUTHENTICATED", "the metadata names no waybill-tenant-id");
  const { violations, failures } = check(grpcCall.request);
  if (violations.length > 0) throw new DomainError("INVALID_REQUEST", undefined, { violations });
  return handle(grpcCall.request, { ...caller, deadline, failures });
}

function deadlineOf(grpcCall: ServerUnaryCall<unknown, unknown>): number {
  const deadline = Number(grpcCall.getDeadline());
  if (!Number.isFinite(deadline)) throw new DomainError("DEADLINE_REQUIRED");
  if (deadline <= Date.now())
    throw new DomainError("DEADLINE_EXCEEDED", "the deadline had passed on arrival");
  return deadline;
}

function toRefusal(error: unknown, translate: UnaryOptions["translate"]): DomainError {
  if (error instanceof DomainError) return error;
  return translate(error) ?? new DomainError("INTERNAL", undefined, { cause: error });
}

function isOurs(refusal: DomainError): boolean {
  return catalogue[refusal.code].http >= 500;
}

function callFacts(
  grpcCall: ServerUnaryCall<unknown, unknown>,
  path: string,
  refusal: DomainError | null,
  cause: unknown,
  elapsedMs: number,
): Record<string, unknown> {
  const caller = fromMetadata(grpcCall.metadata);
  return {
    method: path,
    tenant_id: caller?.tenantId,
    request_id: caller?.requestId,
    traceparent: caller?.traceparent,
    status: refusal ? status[toStatus(refusal).code] : "OK",
    code: refusal?.code,
    elapsed_ms: Math.round(elapsedMs * 10) / 10,
    ...(refusal && isOurs(refusal) ? errorFacts(cause) : {}),
  };
}
