import { DomainError } from "@waybill/errors/domain-error.ts";
import type { CallbackChange } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { targetOf, urlFailure, type CallbackDocument, type RetiredSecret } from "./callback.ts";
import type { GuardPolicy } from "./guard.ts";
import type { Vault } from "./secrets.ts";

/** How long a secret signs on after the next one was made. */
export const OVERLAP_MS = 24 * 3600 * 1000;
/** Secrets that sign on besides the current one, at most: of more the oldest end early. */
const RETIRED_MAX = 4;
/** Headers that a registration may add: `X-…`, but none that proxies believe. */
const HEADER_NAME = /^x-(?!forwarded|real-ip|original|rewrite)[a-z0-9-]{1,62}$/;

/** What a change is made with. */
export interface Changing {
  seal: Vault["seal"];
  guard: GuardPolicy;
}

type Setter = (change: CallbackChange, id: string, changing: Changing) => Partial<CallbackDocument>;

/** What each field of a change does; a field that is not in the mask does nothing. */
const setters: Readonly<Record<string, Setter>> = {
  url(change, _id, { guard }) {
    const url = present("url", change.url);
    const failure = urlFailure(url, guard, "/callback/url");
    if (failure) throw failure;
    return { url, target: new URL(url).href };
  },
  status: ({ status }) => ({ status: present("status", status) as CallbackDocument["status"] }),
  token: ({ token }, id, { seal }) => ({ token: token ? seal(token, id) : null }),
  headers: ({ headers }, id, { seal }) => sealedHeaders(headers, (text) => seal(text, id)),
  rate_per_second: ({ rate_per_second }) => ({ rate_per_second: rate_per_second ?? null }),
};

/**
 * The registration with the fields of the mask as the change has them. Throws `URL_NOT_ALLOWED`,
 * `DUPLICATE_CALLBACK` if another of `all` has the new url and its message type, and `INVALID_REQUEST`.
 */
export function changeRegistration(
  found: CallbackDocument,
  all: readonly CallbackDocument[],
  { change, mask }: { change: CallbackChange; mask: readonly string[] },
  changing: Changing,
): CallbackDocument {
  const parts = mask.map((field) => setters[field]!(change, found._id, changing));
  const changed: CallbackDocument = Object.assign({ ...found }, ...parts);
  const taken = all.some(({ _id, ...other }) => _id !== found._id && targetOf(other) === targetOf(changed));
  if (taken) throw new DomainError("DUPLICATE_CALLBACK");
  return changed;
}

/** The registration with another secret; those it had sign on for OVERLAP_MS each. `secret` is sealed. */
export function rotateSecret(found: CallbackDocument, secret: string, nowMs: number): CallbackDocument {
  const retiring = { secret: found.secret, until: new Date(nowMs + OVERLAP_MS).toISOString() };
  const retired_secrets = [retiring, ...signingOn(found.retired_secrets, nowMs)].slice(0, RETIRED_MAX);
  return { ...found, secret, retired_secrets };
}

/** The retired secrets that deliveries are still signed with, the newest first. */
export function signingOn(retired: readonly RetiredSecret[], nowMs: number): RetiredSecret[] {
  return retired.filter(({ until }) => Date.parse(until) > nowMs);
}

function sealedHeaders(
  headers: Readonly<Record<string, string>> = {},
  seal: (text: string) => string,
): Pick<CallbackDocument, "headers"> {
  const entries = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  const strange = Object.keys(headers).find((name) => !HEADER_NAME.test(name.toLowerCase()));
  if (strange !== undefined) {
    const detail = "must begin with X-, and be none that proxies set";
    throw invalid(`/headers/${pointed(strange)}`, "NOT_ALLOWED", detail);
  }
  return { headers: entries.length === 0 ? null : seal(JSON.stringify(Object.fromEntries(entries))) };
}

function present(field: string, value: string | null | undefined): string {
  if (value) return value;
  throw invalid(`/${field}`, "REQUIRED", "must be present");
}

function invalid(pointer: string, code: "REQUIRED" | "NOT_ALLOWED", detail: string): DomainError {
  const violation = { pointer: `/callback${pointer}`, code, detail };
  return new DomainError("INVALID_REQUEST", undefined, { violations: [violation] });
}

/** A key as a part of a JSON pointer (RFC 6901). */
function pointed(key: string): string {
  return key.replaceAll("~", "~0").replaceAll("/", "~1");
}
