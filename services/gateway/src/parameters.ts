import type { Place } from "./places.ts";

/** What a path or query parameter must be. */
export interface ParameterType {
  list: boolean;
  /** The JSON type of the value, or of each element. */
  json: string;
}

/** What the parameters say, and those that say nothing. */
export interface Parameters {
  values: Record<string, unknown>;
  places: Place[];
}

/**
 * Reads path and query parameters. A list is repeated or separated by commas. A text that is not of its type
 * stays a text, so that the check of the message's shape finds it together with all others.
 */
export function readParameters(
  types: ReadonlyMap<string, ParameterType>,
  inPath: readonly string[],
  params: Readonly<Record<string, string>>,
  query: string,
): Parameters {
  const values: Record<string, unknown> = {};
  const places: Place[] = [];
  for (const name of inPath) values[name] = convert(params[name]!, types.get(name)?.json);
  const search = new URLSearchParams(query);
  for (const name of new Set(search.keys())) {
    const type = types.get(name);
    const texts = search.getAll(name);
    if (!type || inPath.includes(name)) places.push(unknown(name));
    else if (type.list) values[name] = listOf(name, query).map((text) => convert(text, type.json));
    else if (texts.length > 1)
      places.push({ parameter: name, code: "WRONG_TYPE", detail: "must be given once" });
    else values[name] = convert(texts[0]!, type.json);
  }
  return { values, places };
}

/** The elements of a list: what a comma separates, unless it is written as %2C. */
function listOf(name: string, query: string): string[] {
  const pairs = query.split("&").map((pair) => pair.split("=") as [string, ...string[]]);
  const own = pairs.filter(([key]) => decode(key) === name);
  return own.flatMap(([, ...value]) => value.join("=").split(",").map(decode));
}

function decode(text: string): string {
  return new URLSearchParams(`v=${text}`).get("v") ?? "";
}

function unknown(parameter: string): Place {
  return { parameter, code: "UNKNOWN_KEY", detail: "is not a query parameter of this path" };
}

function convert(text: string, type: string | undefined): unknown {
  if (type === "integer" && /^-?\d+$/.test(text)) return Number(text);
  if (type === "number" && /^-?\d+(\.\d+)?$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}
