/** A value of a query parameter; a list is sent as one parameter for each element. */
type QueryValue = string | number | boolean | null | undefined | readonly (string | number)[];

/** One request of the API, before it is sent. */
export interface ApiRequest {
  verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the base URL on, its parts encoded. */
  path: string;
  query?: object;
  body?: unknown;
}

/** What can be said of a single call. */
export interface CallOptions {
  /** Ends the call, its waits and its retries: it rejects with the signal's reason. */
  signal?: AbortSignal;
  /** How long one attempt may take, in milliseconds; default: the client's. */
  timeoutMs?: number;
  /** How often a call that failed in a way that may pass is sent again; default: the client's. */
  retries?: number;
  /**
   * Names a POST, so that the same call made again, also by another process, is done once: 1 to 255 visible
   * ASCII characters, kept for 24 hours. Default: a new one for every call, which covers its own retries.
   */
  idempotencyKey?: string;
  /** The entity tag that what is changed must still have, quotes included; else `PreconditionFailedError`. */
  ifMatch?: string;
  /** Gets status and headers of the answer, such as `ETag`, `Location` or `Idempotent-Replayed`. */
  onResponse?: (response: ResponseFacts) => void;
}

/** An answer without its body. */
export interface ResponseFacts {
  status: number;
  headers: Headers;
}

/** A value as one part of a path. Throws for what would name another path. */
export function segment(value: string | number): string {
  const text = String(value);
  if (text === "" || text === "." || text === "..") throw new TypeError(`"${text}" is no part of a path`);
  return encodeURIComponent(text);
}

/** The query as it stands behind the question mark; what is null or undefined is left out. */
export function toSearch(query: object = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query) as [string, QueryValue][]) {
    if (value === null || value === undefined) continue;
    // The API takes a comma for a separator of lists, unless it is encoded: URLSearchParams does that.
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  return search.size > 0 ? `?${search.toString()}` : "";
}
