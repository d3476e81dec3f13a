import { commentOf } from "@waybill/contract/comments.ts";
import type { Method, Route } from "@waybill/contract/methods.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { catalogue, isErrorCode, type ErrorCode } from "@waybill/errors/catalogue.ts";

/** The problems that operations answer, as the components that they refer to. */
export interface Problems {
  /** The responses of one operation, by status. */
  responsesOf: (method: Method, route: Route) => Record<string, JsonSchema>;
  components: () => Record<string, JsonSchema>;
}

const always: readonly ErrorCode[] = [
  "INVALID_REQUEST",
  "UNAUTHENTICATED",
  "HEADERS_TOO_LARGE",
  "TOO_MANY_REQUESTS",
  "INTERNAL",
  "DEPENDENCY_UNAVAILABLE",
  "DEADLINE_EXCEEDED",
];
const withBody: readonly ErrorCode[] = ["MALFORMED_JSON", "BODY_TOO_LARGE", "UNSUPPORTED_MEDIA_TYPE"];
const withKey: readonly ErrorCode[] = ["IDEMPOTENCY_KEY_IN_USE", "IDEMPOTENCY_KEY_REUSED"];
/** A slash that is not escaped makes another path of it. */
const withPathParameter: readonly ErrorCode[] = ["ROUTE_NOT_FOUND"];
const withRetryAfter: readonly number[] = [429, 503];

/** What a problem tells (RFC 9457), and one place that is wrong. */
export const problemSchemas: Readonly<Record<string, JsonSchema>> = {
  Problem: {
    type: "object",
    description: "Why a request was refused (RFC 9457).",
    properties: {
      type: { type: "string", format: "uri-reference", description: "Where the code is explained." },
      title: { type: "string", description: "What happened, the same for every problem of this code." },
      status: { type: "integer", description: "The HTTP status." },
      code: { type: "string", description: "The code of the catalogue; new ones may come." },
      detail: { type: "string", description: "What happened to this request." },
      action: { type: "string", description: "What the caller can do." },
      request_id: { type: "string", description: "The `X-Request-Id` of the answer, for support." },
      errors: {
        type: "array",
        description: "Every place that is wrong, at most 100.",
        items: { $ref: "#/components/schemas/ProblemPlace" },
      },
    },
    required: ["type", "title", "status", "code", "detail", "action", "request_id", "errors"],
  },
  ProblemPlace: {
    type: "object",
    description: "One place that is wrong: in the body, a path or query parameter, or a header.",
    properties: {
      pointer: { type: "string", description: "A JSON pointer (RFC 6901) into the body as it was sent." },
      parameter: { type: "string", description: "The name of a path or query parameter." },
      header: { type: "string", description: "The name of a header." },
      code: { type: "string", description: "What is wrong with it: a code of the catalogue." },
      detail: { type: "string", description: "What is wrong with it: a sentence without the value." },
    },
    required: ["code", "detail"],
  },
};

/** Collects the problem responses of operations. */
export function collectProblems(methods: readonly Method[]): Problems {
  const components = new Map<string, JsonSchema>();
  return {
    responsesOf(method, route) {
      const byStatus = Map.groupBy(codesOf(method, route, methods), (code) => catalogue[code].http);
      const statuses = [...byStatus].sort(([a], [b]) => a - b);
      return Object.fromEntries(
        statuses.map(([status, codes]) => {
          const name = codes.join(".");
          components.set(name, problemResponse(status, codes));
          return [String(status), { $ref: `#/components/responses/${name}` }];
        }),
      );
    },
    components: () => Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** The codes that an operation can be refused with, in the order of the catalogue. */
function codesOf(method: Method, route: Route, methods: readonly Method[]): ErrorCode[] {
  const codes = new Set<string>([
    ...always,
    ...(route.body === null ? [] : withBody),
    ...(route.path.includes("{") ? withPathParameter : []),
    ...(route.verb === "post" && !method.idempotent ? withKey : []),
    ...namedCodes(method, methods),
  ]);
  return (Object.keys(catalogue) as ErrorCode[]).filter((code) => codes.has(code));
}

/** The codes that the comments of a method and its service name, and those of methods that they refer to. */
function namedCodes(method: Method, methods: readonly Method[]): ErrorCode[] {
  const comment = commentOf(method.desc);
  const errors = /Errors: [^]*$/.exec(comment)?.[0] ?? "";
  const ofAll = /Errors of all: [^.]*/.exec(commentOf(method.desc.parent))?.[0] ?? "";
  const referred = [...errors.matchAll(/those of (\w+)/g)].flatMap(([, name]) => {
    const other = methods.find(
      ({ service, path }) => path === `/${service}/${name}` && service === method.service,
    );
    if (!other) throw new Error(`${method.path}: its service has no method ${name}`);
    return namedCodes(other, methods);
  });
  return [...backticked(errors), ...backticked(ofAll), ...referred];
}

function backticked(text: string): ErrorCode[] {
  return [...text.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code!).filter(isErrorCode);
}

function problemResponse(status: number, codes: readonly ErrorCode[]): JsonSchema {
  return {
    description: codes.map((code) => `\`${code}\`: ${catalogue[code].title}.`).join(" "),
    headers: {
      "X-Request-Id": { $ref: "#/components/headers/X-Request-Id" },
      ...(withRetryAfter.includes(status)
        ? { "Retry-After": { $ref: "#/components/headers/Retry-After" } }
        : {}),
      ...(status === 401 ? { "WWW-Authenticate": { $ref: "#/components/headers/WWW-Authenticate" } } : {}),
    },
    content: {
      "application/problem+json": {
        schema: {
          allOf: [
            { $ref: "#/components/schemas/Problem" },
            { type: "object", properties: { code: { enum: codes } } },
          ],
        },
        examples: Object.fromEntries(codes.map((code) => [code, { value: exampleOf(code) }])),
      },
    },
  };
}

function exampleOf(code: ErrorCode): JsonSchema {
  const { title, action, http } = catalogue[code];
  return {
    type: `/docs/errors/${code}`,
    title,
    status: http,
    code,
    detail: title,
    action,
    request_id: "0198c7a0-5f1e-7c3a-9d60-3f1c2b4a5e6d",
    errors: [],
  };
}
