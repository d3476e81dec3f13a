import type { DescField } from "@bufbuild/protobuf";
import { commentOf } from "@waybill/contract/comments.ts";
import { fieldRules } from "@waybill/contract/descriptors.ts";
import type { Method, Route } from "@waybill/contract/methods.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { isKey } from "@waybill/contract/shape-schema.ts";
import { BodyForm } from "@waybill/proto/options/v1/options.ts";
import { firstSentence } from "./first-sentence.ts";
import { examplesOf } from "./examples.ts";
import type { Problems } from "./problems.ts";
import { fieldsOf, type Schemas } from "./schemas.ts";

/** What operations refer to. */
interface Parts {
  schemas: Schemas;
  problems: Problems;
}

/** The operation of a route. */
export function toOperation(method: Method, route: Route, parts: Parts): JsonSchema {
  const comment = commentOf(method.desc);
  const body = requestBody(method, route, parts);
  return {
    operationId: method.name,
    tags: [tagOf(method.service)],
    // Plain text, unlike descriptions.
    summary: firstSentence(comment).replaceAll("`", ""),
    description: comment,
    parameters: parametersOf(method, route, parts),
    ...(body === null ? {} : { requestBody: body }),
    responses: { ...successes(method, route, parts), ...parts.problems.responsesOf(method, route) },
  };
}

/** The heading of a service's operations: `Order line item` for `OrderLineItemService`. */
export function tagOf(service: string): string {
  const words = service
    .split(".")
    .at(-1)!
    .replace(/Service$/, "")
    .split(/(?=[A-Z])/);
  return words.map((word, index) => (index === 0 ? word : word.toLowerCase())).join(" ");
}

function parametersOf(method: Method, route: Route, parts: Parts): JsonSchema[] {
  const inPath = pathFields(route);
  const inBody = ({ name }: DescField) => (route.body === "*" ? !inPath.has(name) : name === route.body);
  const fields = method.input.fields.filter((field) => isKey(field) && !inBody(field));
  const headers = method.input.fields.filter((field) => fieldRules(field).header);
  return [
    ...fields.map((field) => parameter(field, field.name, inPath.has(field.name) ? "path" : "query", parts)),
    ...headers.map((field) => parameter(field, fieldRules(field).header, "header", parts)),
    ...(route.verb === "post" ? [{ $ref: `#/components/parameters/${keyParameter(method)}` }] : []),
    ...(route.verb === "get" && route.etag ? [{ $ref: "#/components/parameters/If-None-Match" }] : []),
  ];
}

function pathFields({ path }: Route): Set<string> {
  return new Set([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!));
}

function keyParameter({ idempotent }: Method): string {
  return idempotent ? "Unneeded-Idempotency-Key" : "Idempotency-Key";
}

function parameter(field: DescField, name: string, place: string, { schemas }: Parts): JsonSchema {
  const { description, ...schema } = schemas.fieldSchema(field, "input");
  const required = place === "path" || fieldRules(field).required;
  return {
    name,
    in: place,
    required,
    description: description ?? "",
    schema: withoutNull(
      place === "path" && schema["type"] === "string" ? { minLength: 1, ...schema } : schema,
    ),
  };
}

/** A parameter is there or not, but never null. */
function withoutNull(schema: JsonSchema): JsonSchema {
  const type = [schema["type"]].flat().filter((one) => one !== "null")[0];
  const values = (schema["enum"] as unknown[] | undefined)?.filter((value) => value !== null);
  return { ...schema, type, ...(values ? { enum: values } : {}) };
}

function requestBody(method: Method, route: Route, parts: Parts): JsonSchema | null {
  if (route.body === null) return null;
  const examples = examplesOf(method.name, "request");
  return {
    required: true,
    description: bodyDescription(method, route),
    content: { "application/json": { schema: bodySchema(method, route, parts), ...examples } },
  };
}

function bodyDescription(method: Method, route: Route): string {
  const field = method.input.fields.find(({ name }) => name === route.body);
  return commentOf(field ?? method.input);
}

function bodySchema(method: Method, route: Route, { schemas }: Parts): JsonSchema {
  if (route.body === "*") return schemas.refToBody(method.input, pathFields(route));
  const field = method.input.fields.find(({ name }) => name === route.body)!;
  if (field.fieldKind === "message") {
    const ref = schemas.refTo(field.message, "input");
    return route.bodyForm === BodyForm.BODY_FORM_WRAPPED_OR_BARE
      ? { anyOf: [ref, wrapped(field.name, ref)] }
      : ref;
  }
  const { description: _, ...list } = withoutNull(schemas.fieldSchema(field, "input"));
  return route.bodyForm === BodyForm.BODY_FORM_ONE_OR_MANY ? { anyOf: [list, list["items"]] } : list;
}

function wrapped(name: string, schema: JsonSchema): JsonSchema {
  return { type: "object", properties: { [name]: schema }, required: [name], additionalProperties: false };
}

function successes(method: Method, route: Route, parts: Parts): Record<string, JsonSchema> {
  const status = String(route.successStatus);
  const success = {
    description: successDescription(route.successStatus),
    headers: successHeaders(method, route),
    ...(route.successStatus === 204
      ? {}
      : {
          content: {
            "application/json": {
              schema: answerSchema(method, route, parts),
              ...examplesOf(method.name, "response"),
            },
          },
        }),
  };
  if (route.verb !== "get" || !route.etag) return { [status]: success };
  const headers = headerRefs("ETag", "X-Request-Id");
  return { [status]: success, "304": { description: "It is as `If-None-Match` names it.", headers } };
}

function successDescription(status: number): string {
  switch (status) {
    case 201:
      return "Created.";
    case 202:
      return "Accepted: what becomes of it is told later.";
    case 204:
      return "Done.";
    default:
      return "OK.";
  }
}

function successHeaders(method: Method, route: Route): JsonSchema {
  return headerRefs(
    "X-Request-Id",
    ...(route.etag ? ["ETag"] : []),
    ...(route.location ? ["Location"] : []),
    ...(route.verb === "post" && !method.idempotent ? ["Idempotent-Replayed"] : []),
  );
}

function headerRefs(...names: string[]): JsonSchema {
  return Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));
}

function answerSchema({ output }: Method, route: Route, { schemas }: Parts): JsonSchema {
  if (route.responseBody === null) return schemas.refTo(output, "output");
  const field = fieldsOf(output, "output").find(({ name }) => name === route.responseBody)!;
  if (field.fieldKind === "message") return schemas.refTo(field.message, "output");
  const { description: _, ...list } = schemas.fieldSchema(field, "output");
  return route.bodyForm === BodyForm.BODY_FORM_ONE_OR_MANY ? { anyOf: [list, list["items"]] } : list;
}
