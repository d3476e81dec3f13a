import type { Metadata, MethodDefinition } from "@grpc/grpc-js";
import { DomainError } from "@waybill/errors/domain-error.ts";
import { metadataKeys } from "./metadata.ts";

/** A call that its caller named by an idempotency key. */
export interface KeyedCall {
  tenantId: string;
  key: string;
  /** The valid request. */
  request: unknown;
  /** Until when the caller waits: milliseconds since the epoch. */
  deadline: number;
}

/** The answer to such a call, and whether it is that of an earlier call with the same key. */
export interface KeptAnswer {
  response: unknown;
  isReplay: boolean;
}

/** A method whose answers are kept. */
export type KeptMethod = Pick<
  MethodDefinition<unknown, unknown>,
  "path" | "responseSerialize" | "responseDeserialize"
>;

/** Where a service keeps the answers to calls with a key. */
export interface Idempotency {
  /**
   * How one method is answered once per key: `answer` runs unless the key has an answer already, and what it
   * writes is stored together with its answer. Refuses with IDEMPOTENCY_KEY_REUSED (another request) and
   * IDEMPOTENCY_KEY_IN_USE (the first is in work); a refusal of `answer` is not kept. Throws, at start, for a
   * method whose answers cannot be kept.
   */
  keep: (method: KeptMethod) => (call: KeyedCall, answer: () => Promise<unknown>) => Promise<KeptAnswer>;
}

const keyPattern = /^[!-~]{1,255}$/;

/** Whether a text can be an idempotency key: 1 to 255 visible ASCII characters. */
export function isIdempotencyKey(text: string): boolean {
  return keyPattern.test(text);
}

/** The idempotency key that metadata names, or null. Refuses one that is no key with INVALID_REQUEST. */
export function idempotencyKeyOf(metadata: Metadata): string | null {
  const key = metadata.get(metadataKeys.idempotencyKey)[0]?.toString();
  if (key === undefined) return null;
  if (isIdempotencyKey(key)) return key;
  throw new DomainError(
    "INVALID_REQUEST",
    `${metadataKeys.idempotencyKey} must be 1 to 255 visible characters`,
  );
}
