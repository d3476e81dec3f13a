import { fingerprint } from "@waybill/events/fingerprint.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";

/** A request that was applied to a document, kept there so that it commits with what it did. */
export interface AppliedRequest {
  /** What was asked for and the id that the caller chose for it: `ship/42`. */
  id: string;
  /** Of its content. */
  fingerprint: string;
}

// More than the moves of any order; the oldest are forgotten.
const KEPT_MAX = 500;

/** A request of a caller, by the name of what it asks for and all that it says. */
export function appliedRequest(name: string, requestId: string, content: object): AppliedRequest {
  return { id: `${name}/${requestId}`, fingerprint: fingerprint(content) };
}

/** Whether the request was applied before. Throws `REQUEST_ID_REUSED` if another one had its id. */
export function wasApplied(applied: readonly AppliedRequest[], request: AppliedRequest): boolean {
  const before = applied.find(({ id }) => id === request.id);
  if (before && before.fingerprint !== request.fingerprint) throw new DomainError("REQUEST_ID_REUSED");
  return before !== undefined;
}

/** The requests to keep once this one is applied too. */
export function withApplied(applied: readonly AppliedRequest[], request: AppliedRequest): AppliedRequest[] {
  return [...applied, request].slice(-KEPT_MAX);
}
