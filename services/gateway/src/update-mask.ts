import type { Method } from "@waybill/contract/methods.ts";
import { UPDATE_MASK } from "@waybill/contract/shape-schema.ts";
import { isObject } from "./body-form.ts";

type Message = Method["input"];
type Field = Message["fields"][number];

/** The update masks that the keys of one body make. */
interface Masks {
  /** The request's own, as a field of it; nothing if it has none. */
  request: Record<string, string[]>;
  /** Those of the elements, where the body is a list whose elements have one. */
  elements: readonly string[][];
}

/** Compiles how masks are read from a body that is this field of the request, or (null) the request itself. */
export function maskReader(input: Message, field: Field | null): (body: unknown) => Masks {
  const sent = field ? field.message : input;
  const isList = field?.fieldKind === "list";
  if (sent && isList && hasMask(sent)) {
    const maskAll = (body: unknown) =>
      Array.isArray(body) ? body.map((element) => updateMask(sent, element)) : [];
    return (body) => ({ request: {}, elements: maskAll(body) });
  }
  if (sent && !isList && hasMask(input))
    return (body) => ({ request: { [UPDATE_MASK]: updateMask(sent, body) }, elements: [] });
  return () => ({ request: {}, elements: [] });
}

/**
 * The fields that a body of this message sets: its keys. A list or map that is null is left as it is, so its
 * key is not among them; any other null clears its field.
 */
function updateMask({ fields }: Message, body: unknown): string[] {
  if (!isObject(body)) return [];
  const isSet = ({ name, fieldKind }: Field) =>
    Object.hasOwn(body, name) && (body[name] !== null || (fieldKind !== "list" && fieldKind !== "map"));
  return fields.filter(isSet).map(({ name }) => name);
}

function hasMask({ fields }: Message): boolean {
  return fields.some(({ name }) => name === UPDATE_MASK);
}
