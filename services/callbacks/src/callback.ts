import { DomainError } from "@waybill/errors/domain-error.ts";
import { newAggregate, type AggregateDocument } from "@waybill/events/aggregates.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import type { Callback } from "@waybill/proto/callbacks/v1/callbacks.ts";
import { urlRefusal, type GuardPolicy } from "./guard.ts";
import { sealedHeaders, type Headers } from "./headers.ts";
import type { Vault } from "./secrets.ts";

/**
 * A registration as it is stored: an aggregate, whose events tell its status. Deleting it removes the document.
 */
export interface CallbackDocument extends AggregateDocument {
  /** As it was registered. */
  url: string;
  /** The url in the one form of the URL standard: two spellings of it are one registration. */
  target: string;
  message_type: string;
  api_version: string;
  /**
   * `disabled` by its owner, or after the receiver answered 410. `unreadable` while its secret does not open
   * under this installation's SECRETS_KEY: that ends by itself when it does.
   */
  status: "active" | "disabled" | "unreadable";
  /** Why it is not active, as a sentence; null if it is. */
  status_reason: string | null;
  /** Whether a hold of the tenant names its message type; kept in step with `holds`. */
  held: boolean;
  /** Attempts a second at most, on average; null: no such limit. */
  rate_per_second: number | null;
  /** Sealed (`secrets.ts`), under the registration's id. */
  secret: string;
  /** Those before it, the newest first; each signs deliveries, after the current one, until its time. */
  retired_secrets: RetiredSecret[];
  /** Sealed as well; null if none was registered. */
  token: string | null;
  /** The headers that it adds, as sealed JSON of names in lower case; null if there are none. */
  headers: string | null;
  /** RFC 3339, UTC. */
  created_at: string;
}

/** A secret that was replaced. */
export interface RetiredSecret {
  /** Sealed. */
  secret: string;
  /** RFC 3339, UTC. */
  until: string;
}

export const callbacksCollection: CollectionDeclaration = {
  name: "callbacks",
  indexes: [{ name: "by_target", key: { tenant_id: 1, message_type: 1, target: 1 }, unique: true }],
};

/** Registrations that a tenant may have. */
export const CALLBACKS_MAX = 100;
/** The payload's version when a registration names none. */
export const API_VERSION = "1.0";

/** A record that asks to become a registration, with the id and secret it gets if it is new; nothing is sealed yet. */
export interface CallbackCandidate extends Pick<
  CallbackDocument,
  "_id" | "url" | "message_type" | "api_version" | "secret" | "token" | "rate_per_second"
> {
  headers: Headers;
}

/** Why what comes for a disabled registration is parked. */
export const DISABLED_REASON = "registration disabled";

/** Why what a registration has is parked, as a sentence; null if it is being sent. */
export function pauseOf({ status, held }: Pick<CallbackDocument, "status" | "held">): string | null {
  if (status === "disabled") return DISABLED_REASON;
  if (status === "unreadable") return "secret unreadable";
  return held ? "message type held" : null;
}

/** Where and with what records are registered. */
interface Registering {
  tenantId: string;
  /** Message types that the tenant holds. */
  heldTypes: ReadonlySet<string>;
  seal: Vault["seal"];
  /** RFC 3339, UTC. */
  now: string;
}

/** What a registration became: its id, and whether it was made just now. */
export type Registered = { id: string; isNew: boolean } | DomainError;

/** What is written when records are registered, each registration once, and the outcome of each record. */
export interface RegistrationPlan {
  inserted: CallbackDocument[];
  /** Registrations that are there already and get another token, headers or rate. */
  changed: CallbackDocument[];
  outcomes: Registered[];
}

/**
 * The rule of registering: the same url and message type is the same registration, which keeps its secret
 * and takes of the new record the token, the headers and the rate, if it has them.
 */
export function planRegistrations(
  existing: readonly CallbackDocument[],
  candidates: readonly CallbackCandidate[],
  registering: Registering,
): RegistrationPlan {
  const known = new Map(existing.map((document) => [targetOf(document), document]));
  const outcomes = candidates.map((candidate) => {
    const found = known.get(targetOf(candidate));
    return found
      ? keepRegistration(known, found, candidate, registering)
      : addRegistration(known, candidate, registering);
  });
  const before = new Map(existing.map((document) => [document._id, document]));
  const written = [...known.values()].filter((document) => before.get(document._id) !== document);
  return {
    inserted: written.filter(({ _id }) => !before.has(_id)),
    changed: written.filter(({ _id }) => before.has(_id)),
    outcomes,
  };
}

function keepRegistration(
  known: Map<string, CallbackDocument>,
  found: CallbackDocument,
  candidate: CallbackCandidate,
  { seal }: Registering,
): Registered {
  const more = Object.entries(addedTo(found._id, candidate, seal)).filter(([, value]) => value !== null);
  if (more.length > 0) known.set(targetOf(found), { ...found, ...Object.fromEntries(more) });
  return { id: found._id, isNew: false };
}

/** What a record asks for besides its url, sealed for the registration with this id. */
function addedTo(
  id: string,
  { token, headers, rate_per_second }: CallbackCandidate,
  seal: Vault["seal"],
): Pick<CallbackDocument, "token" | "headers" | "rate_per_second"> {
  return {
    token: token === null ? null : seal(token, id),
    headers: sealedHeaders(headers, (text) => seal(text, id)),
    rate_per_second,
  };
}

function addRegistration(
  known: Map<string, CallbackDocument>,
  candidate: CallbackCandidate,
  { tenantId, heldTypes, seal, now }: Registering,
): Registered {
  if (known.size >= CALLBACKS_MAX)
    return new DomainError("OUT_OF_RANGE", `a tenant has at most ${CALLBACKS_MAX} registrations`);
  const { _id, url, message_type, api_version, secret } = candidate;
  const document: CallbackDocument = {
    ...newAggregate(_id, tenantId, now),
    url,
    target: new URL(url).href,
    message_type,
    api_version,
    status: "active",
    status_reason: null,
    held: heldTypes.has(message_type),
    secret: seal(secret, _id),
    retired_secrets: [],
    ...addedTo(_id, candidate, seal),
    created_at: now,
  };
  known.set(targetOf(document), document);
  return { id: document._id, isNew: true };
}

/** Why webhooks are not sent to a url, found at `pointer`; null if they are. */
export function urlFailure(url: string, guard: GuardPolicy, pointer: string): DomainError | null {
  const detail = urlRefusal(url, guard);
  if (detail === null) return null;
  const violation = { pointer, code: "URL_NOT_ALLOWED", detail } as const;
  return new DomainError("URL_NOT_ALLOWED", `the url ${detail}`, { violations: [violation] });
}

/** Two registrations of a tenant are one if this is the same. */
export function targetOf({ message_type, url }: Pick<CallbackDocument, "message_type" | "url">): string {
  return `${message_type} ${new URL(url).href}`;
}

/** The message of a stored registration: neither its secrets, nor its token and headers. */
export function toCallback(document: CallbackDocument): Callback {
  const { _id, url, message_type, api_version, status, status_reason, held, created_at } = document;
  return {
    id: _id,
    url,
    message_type,
    api_version,
    has_token: document.token !== null,
    has_headers: document.headers !== null,
    rate_per_second: document.rate_per_second,
    status,
    status_reason,
    held,
    created_at,
    health: null,
  };
}
