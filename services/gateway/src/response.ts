import { fieldRules } from "@waybill/contract/descriptors.ts";
import type { Method, Route } from "@waybill/contract/methods.ts";
import type { Answer } from "./exchange.ts";

type Message = Method["output"];
type Field = Message["fields"][number];
type Values = Readonly<Record<string, unknown>>;
type ToJson = (value: unknown) => string;

/** The base path under which `Location` names what was created. */
export const BASE_PATH = "/consumers/api/v1";

/** Compiles how a route's response messages are answered: status, `Location` and JSON body. */
export function responder(output: Message, route: Route): (message: Values, response: Answer) => void {
  const toBody = bodyRenderer(output, route);
  return (message, response) => {
    response.status(route.successStatus);
    if (route.location !== null) response.setHeader("Location", locationOf(route.location, message));
    if (route.successStatus === 204) response.end();
    else sendJson(response, "application/json", toBody(message));
  };
}

/** Ends the answer with this JSON text. */
export function sendJson(response: Answer, contentType: string, json: string): void {
  const body = Buffer.from(json);
  response.setHeader("Content-Type", contentType);
  response.setHeader("Content-Length", body.length);
  response.end(body);
}

/** Compiles the JSON text of a response message, by its fields' `rendered_as` and `json_text` options. */
export function bodyRenderer(output: Message, route: Route): (message: Values) => string {
  const { responseBody } = route;
  if (responseBody === null) return messageRenderer(output);
  const field = output.fields.find(({ name }) => name === responseBody);
  if (!field) throw new Error(`${route.path}: ${output.typeName} has no field ${responseBody}`);
  const render = fieldRenderer(field);
  return (message) => render(message[responseBody]);
}

/** `/profiles/{profile.id}` with the values of the response message, below the base path. */
export function locationOf(template: string, message: Values): string {
  const filled = template.replaceAll(/\{([\w.]+)\}/g, (_, path: string) => {
    const value = path.split(".").reduce<unknown>((at, name) => (at as Values | undefined)?.[name], message);
    return encodeURIComponent(String(value));
  });
  return BASE_PATH + filled;
}

function messageRenderer(message: Message): ToJson {
  // A decoded message is its own JSON; only those with something to change are walked.
  if (isPlain(message)) return toJson;
  const keys = message.fields
    .filter((field) => !fieldRules(field).rendered_as)
    .map((field) => keyRenderer(message, field));
  return (value) => (value ? `{${keys.map((render) => render(value as Values)).join(",")}}` : "null");
}

function keyRenderer(message: Message, field: Field): (values: Values) => string {
  const key = JSON.stringify(field.name);
  const render = fieldRenderer(field);
  const other = message.fields.find((candidate) => fieldRules(candidate).rendered_as === field.name);
  if (!other) return (values) => `${key}:${render(values[field.name])}`;
  const renderOther = fieldRenderer(other);
  return (values) => {
    const elements = values[other.name] as unknown[] | undefined;
    return `${key}:${elements?.length ? renderOther(elements) : render(values[field.name])}`;
  };
}

function fieldRenderer(field: Field): ToJson {
  if (fieldRules(field).json_text) return (text) => (text as string | null) || "null";
  if (!field.message || isPlain(field.message)) return toJson;
  const render = messageRenderer(field.message);
  if (field.fieldKind !== "list") return render;
  return (elements) => `[${(elements as unknown[]).map(render).join(",")}]`;
}

/** Whether a message's JSON is the message itself: an absent message below it would lose its key. */
function isPlain(message: Message): boolean {
  return message.fields.every((field) => {
    const { rendered_as, json_text } = fieldRules(field);
    if (rendered_as || json_text || field.fieldKind === "message") return false;
    return !field.message || isPlain(field.message);
  });
}

function toJson(value: unknown): string {
  return JSON.stringify(value ?? null);
}
