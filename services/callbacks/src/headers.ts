import { type DomainError, invalidAt } from "@waybill/errors/domain-error.ts";

/** Headers that a registration may add: `X-…`, but none that proxies believe. */
const HEADER_NAME = /^x-(?!forwarded|real-ip|original|rewrite)[a-z0-9-]{1,62}$/;

/** Headers by their names, as they were sent. */
export type Headers = Readonly<Record<string, string>>;

/** Why a registration may not add these headers, which were found at `pointer`; null if it may. */
export function headersFailure(headers: Headers, pointer: string): DomainError | null {
  const strange = Object.keys(headers).find((name) => !HEADER_NAME.test(name.toLowerCase()));
  if (strange === undefined) return null;
  const detail = "must begin with X-, and be none that proxies set";
  return invalidAt(`${pointer}/${pointed(strange)}`, "NOT_ALLOWED", detail);
}

/** The headers as a registration keeps them, sealed; null if there are none. */
export function sealedHeaders(headers: Headers, seal: (text: string) => string): string | null {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return entries.length === 0 ? null : seal(JSON.stringify(Object.fromEntries(entries)));
}

/** A key as a part of a JSON pointer (RFC 6901). */
function pointed(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
