import type { JsonSchema } from "@waybill/contract/schema.ts";
import { compareSchemas, type Side } from "./breaking-schemas.ts";

const verbs = ["get", "put", "post", "delete", "patch"];

/**
 * What of a released OpenAPI document its successor breaks: an operation, parameter, status or field that is
 * gone, a request that is refused now, an answer that a client of the released one does not expect.
 */
export function breaks(released: JsonSchema, current: JsonSchema): string[] {
  const found: string[] = [];
  const compare = (was: unknown, now: unknown, side: Side, at: string) =>
    compareSchemas(
      { was: { root: released, schema: was }, now: { root: current, schema: now } },
      side,
      at,
      found,
    );
  for (const [name, was] of operationsOf(released)) {
    const now = operationsOf(current).get(name);
    if (!now) {
      found.push(`${name}: is gone`);
      continue;
    }
    compareParameters(was, now, name, found, compare);
    compareContents(was["requestBody"], now["requestBody"], "request", `${name} body`, found, compare);
    compareAnswers(was, now, name, found, compare);
  }
  return found;
}

type Compare = (was: unknown, now: unknown, side: Side, at: string) => void;

function operationsOf({ paths, webhooks }: JsonSchema): Map<string, JsonSchema> {
  const named = (part: unknown, prefix: string) =>
    Object.entries((part ?? {}) as Record<string, Record<string, JsonSchema>>).flatMap(([path, item]) =>
      verbs.flatMap((verb) => (item[verb] ? [[`${prefix}${verb} ${path}`, item[verb]] as const] : [])),
    );
  return new Map([...named(paths, ""), ...named(webhooks, "webhook ")]);
}

function compareParameters(
  was: JsonSchema,
  now: JsonSchema,
  name: string,
  found: string[],
  compare: Compare,
) {
  const [before, after] = [parametersOf(was), parametersOf(now)];
  for (const [key, parameter] of before) {
    const next = after.get(key);
    if (next) compare(parameter["schema"], next["schema"], "request", `${name} ${key}`);
    else found.push(`${name} ${key}: is gone`);
  }
  for (const [key, { required }] of after)
    if (required && !before.get(key)?.["required"]) found.push(`${name} ${key}: is required now`);
}

function parametersOf({ parameters }: JsonSchema): Map<string, JsonSchema> {
  const own = ((parameters ?? []) as JsonSchema[]).filter((parameter) => !("$ref" in parameter));
  return new Map(
    own.map((parameter) => [`${String(parameter["in"])} ${String(parameter["name"])}`, parameter]),
  );
}

function compareAnswers(was: JsonSchema, now: JsonSchema, name: string, found: string[], compare: Compare) {
  const [before, after] = [was, now].map(({ responses }) => responses as Record<string, JsonSchema>);
  for (const [status, answer] of Object.entries(before!)) {
    if (!status.startsWith("2")) continue;
    if (!after![status]) found.push(`${name}: no ${status} any more`);
    else compareContents(answer, after![status], "answer", `${name} ${status}`, found, compare);
  }
}

function compareContents(
  was: unknown,
  now: unknown,
  side: Side,
  at: string,
  found: string[],
  compare: Compare,
): void {
  const [before, after] = [was, now].map(jsonOf);
  if (before !== undefined && after !== undefined) compare(before, after, side, at);
  else if (before !== after) found.push(`${at}: is ${after === undefined ? "gone" : "new"}`);
}

function jsonOf(part: unknown): unknown {
  const content = (part as { content?: Record<string, { schema: unknown }> } | undefined)?.content;
  return content?.["application/json"]?.schema;
}
