import { commentOf } from "@waybill/contract/comments.ts";
import { methods } from "@waybill/contract/methods.ts";
import { descriptors } from "@waybill/contract/descriptors.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { tagOf, toOperation } from "./operations.ts";
import { collectProblems, problemSchemas } from "./problems.ts";
import { collectSchemas } from "./schemas.ts";
import { toWebhooks, webhookData } from "./webhooks.ts";

const text = { type: "string" };

const parameters: Readonly<Record<string, JsonSchema>> = {
  "Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description:
      "A name of your own for this request, such as a UUID: 1 to 255 visible ASCII characters. A repeat with " +
      "the same key and body is answered as the first was, and does nothing again. Kept for 24 hours.",
    schema: { ...text, minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
  },
  "Unneeded-Idempotency-Key": {
    name: "Idempotency-Key",
    in: "header",
    required: false,
    description: "Not needed: this endpoint recognizes a repeat by what it says.",
    schema: { ...text, minLength: 1, maxLength: 255, pattern: "^[!-~]+$" },
  },
  "If-None-Match": {
    name: "If-None-Match",
    in: "header",
    required: false,
    description: "The ETag that you have: if it is still that, the answer is 304 without a body.",
    schema: text,
  },
};

const headers: Readonly<Record<string, JsonSchema>> = {
  "X-Request-Id": { description: "Names this request, in logs and for support.", schema: text },
  ETag: {
    description: "Names the state that was read or written, for `If-None-Match` and `If-Match`.",
    schema: text,
  },
  Location: { description: "The path of what was created; not there if several were.", schema: text },
  "Idempotent-Replayed": {
    description: "`true` if this is the kept answer of an earlier request with the same Idempotency-Key.",
    schema: text,
  },
  "Retry-After": {
    description: "How many seconds to wait.",
    required: true,
    schema: { type: "integer", minimum: 1 },
  },
  "WWW-Authenticate": { description: "`Bearer`.", required: true, schema: text },
};

/** The OpenAPI 3.1 document of the REST API, made from the protos and the catalogue of errors. */
export function openApiDocument(): JsonSchema {
  const routed = methods.filter(({ routes }) => routes.length > 0);
  const data = Object.values(webhookData).map((name) => descriptors.getMessage(name)!);
  const schemas = collectSchemas([...routed.map(({ output }) => output), ...data]);
  const problems = collectProblems(methods);
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const method of routed)
    for (const route of method.routes)
      (paths[route.path] ??= {})[route.verb] = toOperation(method, route, { schemas, problems });
  const webhooks = toWebhooks(schemas);
  return {
    openapi: "3.1.1",
    info,
    servers,
    security: [{ key: [] }],
    tags: [...new Set(routed.map(({ desc }) => desc.parent))].map((service) => ({
      name: tagOf(service.typeName),
      description: commentOf(service),
    })),
    paths,
    webhooks,
    components: {
      schemas: { ...schemas.components(), ...problemSchemas },
      parameters,
      headers,
      responses: problems.components(),
      securitySchemes: {
        key: {
          type: "http",
          scheme: "bearer",
          description: "`Authorization: Bearer <key>`, a key of your tenant.",
        },
      },
    },
  };
}

const info: JsonSchema = {
  title: "Waybill",
  version: "1.0.0",
  summary: "Orders, from their creation to their delivery.",
  description:
    "Send orders, change and cancel them, follow their shipments, and receive every change as a signed webhook. " +
    "JSON in and out, snake_case; what is not set is `null`. Times are RFC 3339 in UTC. A parameter or key that is " +
    "not described here is refused. New paths, parameters, keys of answers, statuses and codes may come at any time.",
  license: { name: "Apache-2.0", identifier: "Apache-2.0" },
};

const servers: readonly JsonSchema[] = [
  { url: "/consumers/api/v1", description: "The base path of links and Locations." },
  { url: "/", description: "The same API." },
];
