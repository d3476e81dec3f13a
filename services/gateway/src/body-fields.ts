import type { Method, Route } from "@waybill/contract/methods.ts";
import { checkOf, type Check, type JsonSchema } from "@waybill/contract/schema.ts";
import { fieldShape, shapeSchema, UPDATE_MASK } from "@waybill/contract/shape-schema.ts";
import { BodyForm } from "@waybill/proto/options/v1/options.ts";
import { recognizeForm, type SentForm } from "./body-form.ts";
import { pathFields, type Place } from "./places.ts";
import { maskReader } from "./update-mask.ts";

type Message = Method["input"];
type Field = Message["fields"][number];
type Values = Record<string, unknown>;

/** What a body says: the fields of the request message that it sets, and what is wrong with it. */
interface BodyFields {
  values: Values;
  form: SentForm;
  places: readonly Place[];
}

/**
 * Compiles how a route's bodies are read: in the form in which they were sent, checked for their shape, with
 * the update masks that their keys make. Throws for a route whose body the message does not have.
 */
export function fieldsReader(input: Message, route: Route): (body: unknown) => BodyFields {
  if (route.body === null) return () => ({ values: {}, form: "plain", places: [] });
  const field = bodyField(input, route);
  const checks = bodyChecks(field ? fieldShape(field) : shapeSchema(withoutPath(input, route)), route);
  const readMasks = maskReader(input, field);
  return (body) => {
    const { value, form } = recognizeForm(route, body);
    // The check fills absent lists, so the keys are read before it.
    const masks = readMasks(value);
    const places = checks.get(form)!(body).map(({ pointer, code, detail }) => ({ pointer, code, detail }));
    if (places.length > 0) return { values: {}, form, places };
    masks.elements.forEach((mask, index) => ((value as Values[])[index]![UPDATE_MASK] = mask));
    return {
      values: { ...(field ? { [field.name]: value } : (value as Values)), ...masks.request },
      form,
      places,
    };
  };
}

/** The JSON types of a shape, without null. */
export function notNull(shape: JsonSchema): string[] {
  return [shape["type"] as string | string[]].flat().filter((type) => type !== "null");
}

/** The request's field that the body is; null if the body is the request, but for the fields of its path. */
function bodyField(input: Message, route: Route): Field | null {
  if (route.body === "*") return null;
  const field = input.fields.find(({ name }) => name === route.body);
  if (!field) throw new Error(`${route.path}: ${input.typeName} has no field ${route.body}`);
  return field;
}

function withoutPath(input: Message, { path }: Route): Message {
  const inPath = pathFields(path);
  return { ...input, fields: input.fields.filter(({ name }) => !inPath.includes(name)) };
}

/** The checks of a body by the form in which it was sent: their places lead into the body as it was sent. */
function bodyChecks(shape: JsonSchema, { path, body, bodyForm }: Route): ReadonlyMap<SentForm, Check> {
  const value = { ...shape, type: notNull(shape) };
  switch (bodyForm) {
    case BodyForm.BODY_FORM_ONE_OR_MANY:
      if (!shape["items"]) throw new Error(`${path}: the body is no list that one may stand for`);
      return new Map([
        ["plain", checkOf(() => ({ ...value, type: ["array", "object"] }))],
        ["alone", checkOf(() => shape["items"] as JsonSchema)],
      ]);
    case BodyForm.BODY_FORM_WRAPPED_OR_BARE: {
      const wrapper = { type: "object", properties: { [body!]: value }, additionalProperties: false };
      return new Map([
        ["plain", checkOf(() => value)],
        ["wrapped", checkOf(() => wrapper)],
      ]);
    }
    default:
      return new Map([["plain", checkOf(() => value)]]);
  }
}
