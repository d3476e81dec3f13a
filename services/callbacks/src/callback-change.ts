import { DomainError, invalidAt } from "@waybill/errors/domain-error.ts";
import type { Decision } from "@waybill/events/aggregates.ts";
import type { CallbackChange } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { targetOf, urlFailure, type CallbackDocument, type RetiredSecret } from "./callback.ts";
import { withStatus } from "./callback-status.ts";
import type { GuardPolicy } from "./guard.ts";
import { headersFailure, sealedHeaders } from "./headers.ts";
import type { Vault } from "./secrets.ts";

/** How long a secret signs on after the next one was made. */
export const OVERLAP_MS = 24 * 3600 * 1000;
/** Secrets that sign on besides the current one, at most: of more the oldest end early. */
const RETIRED_MAX = 4;

/** What a change is made with. */
interface Changing {
  seal: Vault["seal"];
  guard: GuardPolicy;
}

type Setter = (change: CallbackChange, id: string, changing: Changing) => Partial<CallbackDocument>;

/** What each field of a change does, but for the status; a field that is not in the mask does nothing. */
const setters: Readonly<Record<string, Setter>> = {
  url(change, _id, { guard }) {
    const url = present("url", change.url);
    const failure = urlFailure(url, guard, "/callback/url");
    if (failure) throw failure;
    return { url, target: new URL(url).href };
  },
  token: ({ token }, id, { seal }) => ({ token: token ? seal(token, id) : null }),
  headers({ headers }, id, { seal }) {
    const failure = headersFailure(headers, "/callback/headers");
    if (failure) throw failure;
    return { headers: sealedHeaders(headers, (text) => seal(text, id)) };
  },
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
): Decision<CallbackDocument> {
  const parts = mask.map((field) => setters[field]?.(change, found._id, changing));
  const changed: CallbackDocument = Object.assign({ ...found }, ...parts);
  const taken = all.some(({ _id, ...other }) => _id !== found._id && targetOf(other) === targetOf(changed));
  if (taken) throw new DomainError("DUPLICATE_CALLBACK");
  if (!mask.includes("status")) return { state: changed, events: [] };
  return present("status", change.status) === "active"
    ? withStatus(changed, "active")
    : withStatus(changed, "disabled", "disabled by its owner");
}

/** The registration with another secret; those it had sign on for OVERLAP_MS each. `secret` is sealed. */
export function rotateSecret(
  found: CallbackDocument,
  secret: string,
  nowMs: number,
): Decision<CallbackDocument> {
  const retiring = { secret: found.secret, until: new Date(nowMs + OVERLAP_MS).toISOString() };
  const retired_secrets = [retiring, ...signingOn(found.retired_secrets, nowMs)].slice(0, RETIRED_MAX);
  return { state: { ...found, secret, retired_secrets }, events: [] };
}

/** The retired secrets that deliveries are still signed with, the newest first. */
export function signingOn(retired: readonly RetiredSecret[], nowMs: number): RetiredSecret[] {
  return retired.filter(({ until }) => Date.parse(until) > nowMs);
}

function present(field: string, value: string | null | undefined): string {
  if (value) return value;
  throw invalidAt(`/callback/${field}`, "REQUIRED", "must be present");
}
