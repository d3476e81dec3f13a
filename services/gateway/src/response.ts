import { fieldRules } from "@waybill/contract/descriptors.ts";
import type { Method, Route } from "@waybill/contract/methods.ts";
import { BodyForm } from "@waybill/proto/options/v1/options.ts";
import { isKnownTag, toEntityTag } from "@waybill/rpc/entity-tag.ts";
import type { SentForm } from "./body-form.ts";
import type { Answer } from "./exchange.ts";

type Message = Method["output"];
type Field = Message["fields"][number];
type Values = Readonly<Record<string, unknown>>;
type ToJson = (value: unknown) => string;

/** The base path under which `Location` names what was created. */
export const BASE_PATH = "/consumers/api/v1";

/** What a service answered, and what of the request the answer mirrors. */
export interface Outcome {
  message: Values;
  /** The path's parameters, as they were sent. */
  params: Readonly<Record<string, string>>;
  form: SentForm;
}

/** Compiles how a route's response messages are answered: status, `Location`, `ETag` and JSON body. */
export function responder(output: Message, route: Route): (outcome: Outcome, response: Answer) => void {
  const toBody = bodyRenderer(output, route);
  return (outcome, response) => {
    response.status(route.successStatus);
    setLocation(outcome, response, route);
    const isKnown = setEtag(outcome, response, route);
    if (isKnown) response.status(304).end();
    else if (route.successStatus === 204) response.end();
    else sendJson(response, "application/json", toBody(outcome.message, outcome.form));
  };
}

/** Ends the answer with this JSON text. */
export function sendJson(response: Answer, contentType: string, json: string): void {
  const body = Buffer.from(json);
  response.setHeader("Content-Type", contentType);
  response.setHeader("Content-Length", body.length);
  response.end(body);
}

/**
 * Compiles the JSON text of a response message, by its fields' `rendered_as` and `json_text` options. What
 * was sent alone is answered alone.
 */
export function bodyRenderer(output: Message, route: Route): (message: Values, form: SentForm) => string {
  const { responseBody } = route;
  if (responseBody === null) return messageRenderer(output);
  const field = output.fields.find(({ name }) => name === responseBody);
  if (!field) throw new Error(`${route.path}: ${output.typeName} has no field ${responseBody}`);
  const render = fieldRenderer(field);
  if (field.fieldKind !== "list") return (message) => render(message[responseBody]);
  const renderElement = elementRenderer(field);
  return (message, form) => {
    const list = message[responseBody] as unknown[];
    return form === "alone" ? renderElement(list[0]) : render(list);
  };
}

/** `/profiles/{profile.id}` with the values of the response message or of the path, below the base path. */
export function locationOf(template: string, values: Values): string {
  return BASE_PATH + fill(template, (path) => encodeURIComponent(String(valueAt(path, values))));
}

/** What the entity tag of a response message holds; null if the message lacks one of its values. */
export function etagOf(template: string, message: Values): string | null {
  let whole = true;
  const tag = fill(template, (path) => {
    const value = valueAt(path, message);
    whole &&= value !== null && value !== undefined;
    return encodeURIComponent(String(value));
  });
  return whole ? tag : null;
}

/** Whether the one who reads has this state already. */
function setEtag({ message }: Outcome, response: Answer, { etag, verb }: Route): boolean {
  const tag = etag === null ? null : etagOf(etag, message);
  if (tag === null) return false;
  response.setHeader("ETag", toEntityTag(tag));
  const ifNoneMatch = response.req.headers["if-none-match"];
  return verb === "get" && ifNoneMatch !== undefined && isKnownTag(tag, ifNoneMatch);
}

function setLocation({ message, params, form }: Outcome, response: Answer, route: Route): void {
  const createdMany = route.bodyForm === BodyForm.BODY_FORM_ONE_OR_MANY && form !== "alone";
  if (route.location === null || createdMany) return;
  response.setHeader("Location", locationOf(route.location, { ...params, ...message }));
}

function fill(template: string, valueOf: (path: string) => string): string {
  return template.replaceAll(/\{([\w.]+)\}/g, (_, path: string) => valueOf(path));
}

function valueAt(path: string, values: Values): unknown {
  return path.split(".").reduce<unknown>((at, name) => (at as Values | null | undefined)?.[name], values);
}

function messageRenderer(message: Message): ToJson {
  // A decoded message is its own JSON; only those with something to change are walked.
  if (isPlain(message)) return toJson;
  const keys = message.fields
    .filter((field) => !fieldRules(field).rendered_as)
    .map((field) => keyRenderer(message, field));
  return (value) => {
    if (!value) return "null";
    let json = "";
    for (const render of keys) json += render(value as Values);
    return `{${json.slice(1)}}`;
  };
}

/** The key and value of a field behind a comma; nothing if it is left out. */
function keyRenderer(message: Message, field: Field): (values: Values) => string {
  const { name } = field;
  const key = `,${JSON.stringify(name)}:`;
  const render = fieldRenderer(field);
  if (fieldRules(field).left_out_empty) {
    return (values) => (isFilled(values[name]) ? key + render(values[name]) : "");
  }
  const other = message.fields.find((candidate) => fieldRules(candidate).rendered_as === name);
  if (!other) return (values) => key + render(values[name]);
  const renderOther = fieldRenderer(other);
  return (values) => {
    const elements = values[other.name];
    return key + (isFilled(elements) ? renderOther(elements) : render(values[name]));
  };
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

function fieldRenderer(field: Field): ToJson {
  const render = elementRenderer(field);
  if (field.fieldKind !== "list" || render === toJson) return render;
  return (elements) => `[${(elements as unknown[]).map(render).join(",")}]`;
}

/** The renderer of a field's value, or of each of its elements. */
function elementRenderer(field: Field): ToJson {
  if (fieldRules(field).json_text) return (text) => (text as string | null) || "null";
  return field.message && !isPlain(field.message) ? messageRenderer(field.message) : toJson;
}

/** Whether a message's JSON is the message itself: an absent message below it would lose its key. */
function isPlain(message: Message): boolean {
  return message.fields.every((field) => {
    const { rendered_as, json_text, left_out_empty } = fieldRules(field);
    if (rendered_as || json_text || left_out_empty || field.fieldKind === "message") return false;
    return !field.message || isPlain(field.message);
  });
}

function toJson(value: unknown): string {
  // Most fields of most messages are null, and a call costs more than they do.
  return value === null || value === undefined ? "null" : JSON.stringify(value);
}
