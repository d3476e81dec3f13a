import { DomainError } from "@waybill/errors/domain-error.ts";

// RFC 9110, section 8.8.3.
const entityTag = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;

/** A strong entity tag: the opaque text in its quotes. */
export function toEntityTag(opaque: string): string {
  return `"${opaque}"`;
}

/** Whether a caller that sent this `If-None-Match` has the thing in this state already (weak comparison). */
export function isKnownTag(opaque: string, ifNoneMatch: string): boolean {
  return (
    isAny(ifNoneMatch) || tagsOf(ifNoneMatch).some((tag) => tag.replace(/^W\//, "") === toEntityTag(opaque))
  );
}

/**
 * Refuses with PRECONDITION_FAILED if the caller sent an `If-Match` that does not name this state: a list of
 * entity tags, of which only a strong one matches, or `*` for any. Called in the decision of the change, so
 * that the state it sees is the state that is changed.
 */
export function assertMatches(opaque: string, ifMatch: string | null | undefined): void {
  if (ifMatch === null || ifMatch === undefined || isAny(ifMatch)) return;
  const current = toEntityTag(opaque);
  if (!tagsOf(ifMatch).includes(current)) {
    throw new DomainError("PRECONDITION_FAILED", `the ETag is ${current} now, which If-Match does not name`);
  }
}

function isAny(header: string): boolean {
  return header.trim() === "*";
}

function tagsOf(header: string): string[] {
  return header.match(entityTag) ?? [];
}
