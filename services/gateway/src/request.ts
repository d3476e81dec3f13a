import type { IncomingHttpHeaders } from "node:http";
import { fieldRules } from "@waybill/contract/descriptors.ts";
import type { Method, Route } from "@waybill/contract/methods.ts";
import { checkOf, type JsonSchema } from "@waybill/contract/schema.ts";
import { fieldShape, shapeSchema } from "@waybill/contract/shape-schema.ts";
import { fieldsReader, notNull } from "./body-fields.ts";
import type { SentForm } from "./body-form.ts";
import { readParameters, type ParameterType } from "./parameters.ts";
import { parameterPlace, pathFields, RestRefusal } from "./places.ts";

type Message = Method["input"];
type Field = Message["fields"][number];
type Values = Record<string, unknown>;

/** The parts of a REST request that make the request message. */
export interface RestRequest {
  /** The decoded values of the path's fields. */
  params: Readonly<Record<string, string>>;
  /** The raw query, without its question mark. */
  query: string;
  headers: Readonly<IncomingHttpHeaders>;
  /** The parsed body; undefined on a route without one. */
  body: unknown;
}

/** A request message, and how its body was sent. */
interface BuiltRequest {
  message: Values;
  form: SentForm;
}

/**
 * Compiles how a route's requests become request messages: path and query parameters typed by their fields,
 * the fields that are headers, the body in its form and checked for its shape, every list and map there.
 * Refuses with INVALID_REQUEST, naming every place.
 */
export function requestBuilder(input: Message, route: Route): (request: RestRequest) => BuiltRequest {
  const rest = parametersOf(input, route);
  const types = new Map(rest.fields.flatMap(parameterType));
  const inPath = pathFields(route.path);
  const checkParameters = checkOf(() => shapeSchema(rest));
  const readHeaders = headerReader(input);
  const readFields = fieldsReader(input, route);
  return ({ params, query, headers, body }) => {
    const { values, places } = readParameters(types, inPath, params, query);
    const sent = readFields(body);
    const wrong = [...places, ...checkParameters(values).map(parameterPlace), ...sent.places];
    if (wrong.length > 0) throw new RestRefusal("INVALID_REQUEST", undefined, wrong);
    return { message: { ...values, ...sent.values, ...readHeaders(headers) }, form: sent.form };
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

/** The fields that are headers, by the `header` option; Node joins a header's repetitions with commas. */
function headerReader(input: Message): (headers: RestRequest["headers"]) => Values {
  const fields = input.fields
    .map((field) => [field.name, fieldRules(field).header.toLowerCase()] as const)
    .filter(([, header]) => header !== "");
  return (headers) => Object.fromEntries(fields.map(([name, header]) => [name, headers[header]]));
}
