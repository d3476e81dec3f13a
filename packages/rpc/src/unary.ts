import type { handleUnaryCall, ServerUnaryCall, StatusObject } from "@grpc/grpc-js";
import { methodAt } from "@waybill/contract/methods.ts";
import { requestCheck } from "@waybill/contract/request-check.ts";
import { catalogue } from "@waybill/errors/catalogue.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { Call } from "./handlers.ts";
import { fromMetadata, type Caller } from "./metadata.ts";
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
    const caller = fromMetadata(grpcCall.metadata);
    const started = performance.now();
    const note = (refusal: DomainError | null, cause?: unknown) => {
      const elapsed_ms = Math.round((performance.now() - started) * 10) / 10;
      const level = refusal && isOurs(refusal) ? "error" : "info";
      log[level](
        { method: path, ...callerFacts(caller), ...outcomeFacts(refusal, cause), elapsed_ms },
        "rpc.call",
      );
    };
    answer(grpcCall, caller, check, handle).then(
      (response) => {
        note(null);
        callback(null, response);
      },
      (error: unknown) => {
        const refusal = toRefusal(error, translate);
        note(refusal, error);
        callback(toStatus(refusal) as Partial<StatusObject>);
      },
    );
  };
}

async function answer(
  grpcCall: ServerUnaryCall<unknown, unknown>,
  caller: Caller | null,
  check: ReturnType<typeof requestCheck>,
  handle: (request: unknown, call: Call) => Promise<unknown>,
): Promise<unknown> {
  const deadline = deadlineOf(grpcCall);
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

function callerFacts(caller: Caller | null): Record<string, unknown> {
  return { tenant_id: caller?.tenantId, request_id: caller?.requestId, traceparent: caller?.traceparent };
}

function outcomeFacts(refusal: DomainError | null, cause: unknown): Record<string, unknown> {
  if (refusal === null) return { status: "OK" };
  const { grpc } = catalogue[refusal.code];
  return { status: grpc, code: refusal.code, ...(isOurs(refusal) ? errorFacts(cause) : {}) };
}
