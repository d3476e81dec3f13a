import type { Method, Route } from "@waybill/contract/methods.ts";
import { compile, type JsonSchema } from "@waybill/contract/schema.ts";
import { fieldShape, shapeSchema } from "@waybill/contract/shape-schema.ts";
import { readParameters, type ParameterType } from "./parameters.ts";
import { parameterPlace, pathFields, RestRefusal, type Place } from "./places.ts";

type Message = Method["input"];
type Field = Message["fields"][number];

/** The parts of a REST request that make the request message. */
export interface RestRequest {
  /** The decoded values of the path's fields. */
  params: Readonly<Record<string, string>>;
  /** The raw query, without its question mark. */
  query: string;
  /** The parsed body; undefined on a route without one. */
  body: unknown;
}

/**
 * Compiles how a route's requests become request messages: path and query parameters typed by their fields,
 * the body checked for its shape, every list and map there. Refuses with INVALID_REQUEST, naming every place.
 */
export function requestBuilder(
  input: Message,
  route: Route,
): (request: RestRequest) => Record<string, unknown> {
  const rest = parametersOf(input, route);
  const types = new Map(rest.fields.flatMap(parameterType));
  const inPath = pathFields(route.path);
  const checkParameters = compile(shapeSchema(rest));
  const checkBody = bodyCheck(input, route);
  return ({ params, query, body }) => {
    const { values, places } = readParameters(types, inPath, params, query);
    const wrong = [...places, ...checkParameters(values).map(parameterPlace), ...checkBody(body)];
    if (wrong.length > 0) throw new RestRefusal("INVALID_REQUEST", undefined, wrong);
    if (route.body === null) return values;
    return { ...values, ...(route.body === "*" ? (body as object) : { [route.body]: body }) };
  };
}

/** The part of the message that does not come from the body. */
function parametersOf(input: Message, route: Route): Message {
  const inPath = pathFields(route.path);
  const missing = inPath.find((name) => !input.fields.some((field) => field.name === name));
  if (missing) throw new Error(`${route.path}: ${input.typeName} has no field ${missing}`);
  const inBody = (name: string) => (route.body === "*" ? !inPath.includes(name) : name === route.body);
  return { ...input, fields: input.fields.filter((field) => !inBody(field.name)) };
}

function parameterType(field: Field): [string, ParameterType][] {
  const list = field.fieldKind === "list";
  if (field.fieldKind !== "scalar" && !(list && field.listKind === "scalar")) return [];
  const shape = fieldShape(field);
  const scalar = list ? (shape["items"] as JsonSchema) : shape;
  return [[field.name, { list, json: notNull(scalar)[0]! }]];
}

function bodyCheck(input: Message, route: Route): (body: unknown) => Place[] {
  if (route.body === null) return () => [];
  const shape = bodyShape(input, route);
  const check = compile({ ...shape, type: notNull(shape) });
  return (body) => check(body).map(({ pointer, code, detail }) => ({ pointer, code, detail }));
}

function bodyShape(input: Message, route: Route): JsonSchema {
  if (route.body === "*") {
    const inPath = pathFields(route.path);
    return shapeSchema({ ...input, fields: input.fields.filter(({ name }) => !inPath.includes(name)) });
  }
  const field = input.fields.find(({ name }) => name === route.body);
  if (!field) throw new Error(`${route.path}: ${input.typeName} has no field ${route.body}`);
  return fieldShape(field);
}

function notNull(shape: JsonSchema): string[] {
  return [shape["type"] as string | string[]].flat().filter((type) => type !== "null");
}
