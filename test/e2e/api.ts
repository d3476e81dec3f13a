import { inject } from "vitest";

/** The API key of a test file's tenant. */
export function keyOf(tenant: string): string {
  return `e2e_${tenant}`;
}

/** An answer of the REST API. */
export interface Answer {
  status: number;
  headers: Headers;
  // The shape differs per endpoint; each test states what it expects of it.
  body: any;
}

/** The REST API as one tenant sees it. */
export interface Api {
  get: (path: string) => Promise<Answer>;
  post: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  put: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  patch: (path: string, body: unknown, headers?: Record<string, string>) => Promise<Answer>;
  delete: (path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

/** The REST API for the tenant of this test file. */
export function apiOf(tenant: string): Api {
  const send = async (method: string, path: string, body?: unknown, headers = {}): Promise<Answer> => {
    const response = await fetch(inject("system").url + path, {
      method,
      headers: { authorization: `Bearer ${keyOf(tenant)}`, "content-type": "application/json", ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === "" ? null : JSON.parse(text),
    };
  };
  return {
    get: (path) => send("GET", path),
    post: (path, body, headers) => send("POST", path, body, headers),
    put: (path, body, headers) => send("PUT", path, body, headers),
    patch: (path, body, headers) => send("PATCH", path, body, headers),
    delete: (path, body, headers) => send("DELETE", path, body, headers),
  };
}
