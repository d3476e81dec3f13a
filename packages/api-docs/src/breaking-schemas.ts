import type { JsonSchema } from "@waybill/contract/schema.ts";

/** Whether clients send what the schema says, or read it. */
export type Side = "request" | "answer";

/** A schema within its document. */
interface Placed {
  root: JsonSchema;
  schema: unknown;
}

interface Pair {
  was: Placed;
  now: Placed;
}

const atMost = ["maxLength", "maxItems", "maximum", "maxProperties"];
const atLeast = ["minLength", "minItems", "minimum", "minProperties"];

/** Notes what is narrower in a request, or wider in an answer, than it was. */
export function compareSchemas(
  pair: Pair,
  side: Side,
  at: string,
  found: string[],
  above = new Set<string>(),
): void {
  const [was, now] = [resolved(pair.was), resolved(pair.now)];
  const name = was["$name"] as string | undefined;
  // A message that holds itself.
  if (name !== undefined && above.has(name)) return;
  const deeper = name === undefined ? above : new Set([...above, name]);
  compareTypes(was, now, side, at, found);
  if (side === "request") compareLimits(was, now, at, found);
  compareFields(was, now, side, at, found);
  const down = (before: unknown, after: unknown, where: string) => {
    if (before === undefined || after === undefined) return;
    const next = { was: { ...pair.was, schema: before }, now: { ...pair.now, schema: after } };
    compareSchemas(next, side, where, found, deeper);
  };
  down(was["items"], now["items"], `${at}[]`);
  const [before, after] = [was, now].map(({ properties }) => (properties ?? {}) as JsonSchema);
  for (const [field, schema] of Object.entries(before!)) down(schema, after![field], `${at}/${field}`);
  const [variants, others] = [was, now].map(({ anyOf }) => (anyOf ?? []) as unknown[]);
  for (const [index, schema] of variants!.entries()) down(schema, others![index], at);
}

function compareTypes(was: JsonSchema, now: JsonSchema, side: Side, at: string, found: string[]): void {
  const [before, after] = [typesOf(was), typesOf(now)];
  const [narrow, wide] = side === "request" ? [before, after] : [after, before];
  const lacking = wide.length > 0 ? narrow.filter((type) => !wide.includes(type)) : [];
  for (const type of lacking)
    found.push(`${at}: ${type} is ${side === "request" ? "not taken any more" : "new"}`);
}

function typesOf({ type, anyOf }: JsonSchema): string[] {
  if (type !== undefined) return [type as string | string[]].flat();
  return ((anyOf ?? []) as JsonSchema[]).flatMap((one) =>
    [(one["type"] ?? "$ref") as string | string[]].flat(),
  );
}

function compareLimits(was: JsonSchema, now: JsonSchema, at: string, found: string[]): void {
  const limit = (schema: JsonSchema, key: string, none: number) =>
    (schema[key] as number | undefined) ?? none;
  for (const key of atMost)
    if (limit(now, key, Infinity) < limit(was, key, Infinity)) found.push(`${at}: ${key} is lower`);
  for (const key of atLeast)
    if (limit(now, key, -Infinity) > limit(was, key, -Infinity)) found.push(`${at}: ${key} is higher`);
  if (now["pattern"] !== undefined && now["pattern"] !== was["pattern"]) found.push(`${at}: another pattern`);
  if (now["format"] !== undefined && now["format"] !== was["format"]) found.push(`${at}: another format`);
  const values = now["enum"] as unknown[] | undefined;
  if (!values) return;
  const gone = (was["enum"] as unknown[] | undefined)?.filter((value) => !values.includes(value)) ?? [
    "any value",
  ];
  for (const value of gone) found.push(`${at}: ${JSON.stringify(value)} is not taken any more`);
}

function compareFields(was: JsonSchema, now: JsonSchema, side: Side, at: string, found: string[]): void {
  const [before, after] = [was, now].map(({ properties }) => Object.keys((properties ?? {}) as JsonSchema));
  for (const name of before!) if (!after!.includes(name)) found.push(`${at}/${name}: is gone`);
  const [required, requiredNow] = [was, now].map((schema) => (schema["required"] ?? []) as string[]);
  const [less, more] = side === "request" ? [required!, requiredNow!] : [requiredNow!, required!];
  const said = side === "request" ? "is required now" : "may be missing now";
  for (const name of more)
    if (!less.includes(name) && after!.includes(name)) found.push(`${at}/${name}: ${said}`);
}

/** The schema that a reference leads to, which knows its name. */
function resolved({ root, schema }: Placed): JsonSchema {
  const { $ref } = schema as { $ref?: string };
  if ($ref === undefined) return schema as JsonSchema;
  const target = $ref
    .split("/")
    .slice(1)
    .reduce<unknown>((at, key) => (at as JsonSchema)[key], root);
  return { ...(target as JsonSchema), $name: $ref };
}
