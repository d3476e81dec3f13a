import type { Violation } from "@waybill/errors/domain-error.ts";
import { Ajv, type KeywordDefinition, type SchemaValidateFunction, type ValidateFunction } from "ajv";
import { forms } from "./forms.ts";
import { toViolation } from "./violations.ts";

/** A JSON Schema with Waybill's own keywords: `present`, `unset`, `allowed`, `form`, `fill`, `unicode`. */
export type JsonSchema = Record<string, unknown>;

/** Checks a value; may put canonical spellings and empty lists into it. Answers every place that is wrong. */
export type Check = (value: unknown) => Violation[];

// More places than this help nobody, and each costs time and answer.
const VIOLATIONS_MAX = 100;

const ajv = new Ajv({ allErrors: true, strictTypes: false, verbose: true, code: { process: stopAtMax } });
ajv.addKeyword(presentKeyword());
ajv.addKeyword(unsetKeyword());
ajv.addKeyword(allowedKeyword());
ajv.addKeyword(formKeyword());
ajv.addKeyword(fillKeyword());
ajv.addKeyword({
  keyword: "unicode",
  type: "string",
  validate: (_: unknown, data: string) => data.isWellFormed(),
});

/**
 * A check by a schema, compiled when it is first needed: a process calls few of its checks, and compiling all
 * of them would be half of its start.
 */
export function checkOf(schema: () => JsonSchema): Check {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= ajv.compile(schema());
    if (validate(value)) return [];
    // What is wrong with a key's name is told once, by its object.
    const errors = (validate.errors ?? []).filter(({ propertyName }) => propertyName === undefined);
    return errors.slice(0, VIOLATIONS_MAX).map(toViolation);
  };
}

/** Ajv has no such limit: 10 MiB of wrong elements would take it five seconds and a gigabyte. */
function stopAtMax(code: string): string {
  const name = /function (validate\d+)\(/.exec(code)?.[1];
  // A message without a rule.
  if (code.includes(".errors = null;return true;}")) return code;
  if (!name || !code.includes("errors++;"))
    throw new Error("ajv generates other code than the limit of errors knows");
  return code.replaceAll(
    "errors++;",
    `if(++errors >= ${VIOLATIONS_MAX}){${name}.errors = vErrors;return false;}`,
  );
}

/** The value is neither null nor empty text. */
function presentKeyword(): KeywordDefinition {
  return {
    keyword: "present",
    validate: (_: unknown, data: unknown) => data !== null && data !== undefined && data !== "",
  };
}

/** Nobody but Waybill sets the value. */
function unsetKeyword(): KeywordDefinition {
  return {
    keyword: "unset",
    validate: (_: unknown, data: unknown) =>
      data === null || data === undefined || (Array.isArray(data) && data.length === 0),
  };
}

function allowedKeyword(): KeywordDefinition {
  return {
    keyword: "allowed",
    type: "string",
    validate: (allowed: string[], data: string) => allowed.includes(data),
  };
}

/** The text has the named form; its canonical spelling takes its place. */
function formKeyword(): KeywordDefinition {
  const validate: SchemaValidateFunction = (name: string, data: string, _schema, context) => {
    const canonical = forms[name]!.canonical(data);
    if (canonical !== null && context) context.parentData[context.parentDataProperty] = canonical;
    return canonical !== null;
  };
  return { keyword: "form", type: "string", modifying: true, validate };
}

/** Absent lists and maps become empty ones. */
function fillKeyword(): KeywordDefinition {
  const validate = ({ lists, maps }: { lists: string[]; maps: string[] }, data: Record<string, unknown>) => {
    for (const name of lists) data[name] ??= [];
    for (const name of maps) data[name] ??= {};
    return true;
  };
  return { keyword: "fill", type: "object", modifying: true, validate };
}
