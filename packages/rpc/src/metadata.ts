import { randomUUID } from "node:crypto";
import { Metadata } from "@grpc/grpc-js";

/** The names under which a call's facts travel. */
export const metadataKeys = {
  tenant: "waybill-tenant-id",
  requestId: "waybill-request-id",
  traceparent: "traceparent",
  idempotencyKey: "waybill-idempotency-key",
  /** Of an answer: it is that of an earlier call with the same key. */
  replayed: "waybill-idempotent-replayed",
} as const;

/** Who asks, and under which ids the answer can be found again. */
export interface Caller {
  tenantId: string;
  /** In every log line, problem and answer of the request. */
  requestId: string;
  /** W3C Trace Context; it ends up in the headers of the events that the request causes. */
  traceparent: string;
}

/** The caller of work that no request asked for, or that has no first one: a new request id, the given trace. */
export function newCaller(tenantId: string, traceparent?: string): Caller {
  return { tenantId, requestId: requestIdOr(undefined), traceparent: traceparentOr(traceparent) };
}

const tenantPattern = /^[a-zA-Z0-9_-]{1,64}$/;
const requestIdPattern = /^[\w.:-]{1,100}$/;
const traceparentPattern = /^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;

/** The caller as metadata. */
export function toMetadata(caller: Caller): Metadata {
  const metadata = new Metadata();
  metadata.set(metadataKeys.tenant, caller.tenantId);
  metadata.set(metadataKeys.requestId, caller.requestId);
  metadata.set(metadataKeys.traceparent, caller.traceparent);
  return metadata;
}

/** The caller that metadata names; null if it names no tenant. */
export function fromMetadata(metadata: Metadata): Caller | null {
  const first = (key: string) => metadata.get(key)[0]?.toString();
  const tenantId = first(metadataKeys.tenant);
  if (!tenantId || !tenantPattern.test(tenantId)) return null;
  return {
    tenantId,
    requestId: requestIdOr(first(metadataKeys.requestId)),
    traceparent: traceparentOr(first(metadataKeys.traceparent)),
  };
}

/** The given request id if it is one, else a new one. */
export function requestIdOr(given: string | undefined): string {
  return given && requestIdPattern.test(given) ? given : randomUUID();
}

/** The given traceparent if it is one, else that of a new trace. */
export function traceparentOr(given: string | undefined): string {
  if (given && traceparentPattern.test(given)) return given;
  return `00-${randomHex()}-${randomHex().slice(16)}-01`;
}

/** 32 digits; randomUUID draws its bytes for many at once. */
function randomHex(): string {
  return randomUUID().replaceAll("-", "");
}
