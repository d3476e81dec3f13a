import { catalogue } from "@waybill/errors/catalogue.ts";
import type { DomainError } from "@waybill/errors/domain-error.ts";
import { errorFacts, type Logger } from "@waybill/process/log.ts";
import type { Caller } from "./metadata.ts";

/** How a call ended: its facts, and what was thrown if it was refused. */
interface CallOutcome {
  /** The gRPC status, where it is not that of the refusal. */
  status?: string;
  refusal?: DomainError;
  cause?: unknown;
  /** Whether it was answered as an earlier call with the same idempotency key. */
  isReplay?: boolean;
  /** How many messages a stream has sent. */
  responses?: number;
}

/** Begins the one wide log line of a call, which is written when the call has ended. */
export function beginCallLog(
  log: Logger,
  method: string,
  caller: Caller | null,
): (outcome: CallOutcome) => void {
  const started = performance.now();
  return ({ status = "OK", refusal, cause, isReplay, responses }) => {
    const isFault = refusal !== undefined && isOurs(refusal);
    log[isFault ? "error" : "info"](
      {
        method,
        tenant_id: caller?.tenantId,
        request_id: caller?.requestId,
        traceparent: caller?.traceparent,
        status: refusal ? catalogue[refusal.code].grpc : status,
        code: refusal?.code,
        replayed: isReplay,
        responses,
        ...(isFault ? errorFacts(cause) : {}),
        elapsed_ms: Math.round((performance.now() - started) * 10) / 10,
      },
      "rpc.call",
    );
  };
}

/** Whether it is we who failed: a stream that has had its time has not. */
function isOurs({ code }: DomainError): boolean {
  return catalogue[code].http >= 500 && code !== "STREAM_ENDED";
}
