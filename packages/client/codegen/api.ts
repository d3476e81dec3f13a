import { commentOf } from "@waybill/contract/comments.ts";
import { fieldRules } from "@waybill/contract/descriptors.ts";
import { BodyForm } from "@waybill/proto/options/v1/options.ts";
import { endpoints, type Endpoint } from "./endpoints.ts";
import { docOf, typeName, valueType } from "./types.ts";

interface Parameter {
  name: string;
  type: string;
  /** Whether it may be left out: it is an object then, and empty. */
  optional?: boolean;
}

/** One way to call a method. */
interface Signature {
  parameters: Parameter[];
  answer: string;
}

/** The TypeScript of `gen/api.ts`: a class with a method for every endpoint. */
export function apiSource(): string {
  const methods = endpoints.map(methodSource).join("\n");
  return [
    'import { Paged } from "../paged.ts";',
    'import { segment, type ApiRequest, type CallOptions } from "../request.ts";',
    'import type * as types from "./types.ts";\n',
    "/** Every endpoint of the REST API, named as its RPC in the protos. */",
    "export abstract class Api {",
    "  /** Sends a request, again where that is safe and may help. */",
    "  protected abstract send<Answer>(request: ApiRequest, options: CallOptions): Promise<Answer>;\n",
    methods,
    "}\n",
  ].join("\n");
}

function methodSource(endpoint: Endpoint): string {
  const { method, route, paging } = endpoint;
  const path = `\`${route.verb.toUpperCase()} ${route.path}\``;
  const doc = docOf(`${commentOf(method.desc)} ${path}`.trim(), "  ");
  const overloads = overloadsOf(endpoint).map((one) => `${doc}  ${method.name}${declared(one)};\n`);
  const head = `${overloads.join("") || doc}  ${method.name}${implemented(signatureOf(endpoint))} {\n`;
  if (!paging) return `${head}    return this.send(${requestOf(endpoint)}, options);\n  }\n`;
  return (
    `${head}    return new Paged((next) =>\n` + `      this.send(${requestOf(endpoint)}, options));\n  }\n`
  );
}

function declared({ parameters, answer }: Signature): string {
  const list = parameters.map(({ name, type, optional }) => `${name}${optional ? "?" : ""}: ${type}`);
  return `(${list.join(", ")}): ${answer}`;
}

function implemented({ parameters, answer }: Signature): string {
  const list = parameters.map(({ name, type, optional }) => `${name}: ${type}${optional ? " = {}" : ""}`);
  return `(${list.join(", ")}): ${answer}`;
}

/** The signature of the method itself. */
function signatureOf(endpoint: Endpoint): Signature {
  const { bodyField, answerField, paging, name } = endpoint;
  const parameters = parametersOf(endpoint);
  if (paging?.summaries) return { parameters, answer: `Paged<types.${name}Answer<never>, never>` };
  if (paging) return { parameters, answer: pagedAnswer(endpoint, paging.data.message!) };
  if (!isOneOrMany(endpoint)) return { parameters, answer: `Promise<${answerOf(endpoint)}>` };
  const body = `${valueType(bodyField!, "sent", "types.")} | types.${typeName(bodyField!.message!, "sent")}`;
  const answer = `${answerOf(endpoint)} | types.${typeName(answerField!.message!, "shown")}`;
  return { parameters: parametersOf(endpoint, { body }), answer: `Promise<${answer}>` };
}

/** What one signature cannot say: one element or several, summaries or details. */
function overloadsOf(endpoint: Endpoint): Signature[] {
  const { bodyField, answerField, paging, name } = endpoint;
  if (paging?.summaries) {
    const query = `types.${name}Query & { list_type: "summary" }`;
    return [
      {
        parameters: parametersOf(endpoint, { query }),
        answer: pagedAnswer(endpoint, paging.summaries.message!),
      },
      { parameters: parametersOf(endpoint), answer: pagedAnswer(endpoint, paging.data.message!) },
    ];
  }
  if (!isOneOrMany(endpoint)) return [];
  const body = `types.${typeName(bodyField!.message!, "sent")}`;
  const one = `Promise<types.${typeName(answerField!.message!, "shown")}>`;
  return [
    { parameters: parametersOf(endpoint), answer: `Promise<${answerOf(endpoint)}>` },
    { parameters: parametersOf(endpoint, { body }), answer: one },
  ];
}

function isOneOrMany({ route }: Endpoint): boolean {
  return route.bodyForm === BodyForm.BODY_FORM_ONE_OR_MANY;
}

function pagedAnswer({ name, paging }: Endpoint, element: Parameters<typeof typeName>[0]): string {
  const type = `types.${typeName(element, "shown")}`;
  return `Paged<types.${name}Answer${paging!.summaries ? `<${type}>` : ""}, ${type}>`;
}

function answerOf({ route, method, answerField, name }: Endpoint): string {
  if (route.successStatus === 204 || method.output.fields.length === 0) return "void";
  return answerField ? valueType(answerField, "shown", "types.") : `types.${name}Answer`;
}

function parametersOf(endpoint: Endpoint, instead: { body?: string; query?: string } = {}): Parameter[] {
  const { path, bodyField, bodyFields, query, name } = endpoint;
  const body = bodyField ? valueType(bodyField, "sent", "types.") : `types.${name}Body`;
  const needsQuery = instead.query !== undefined || query.some((field) => fieldRules(field).required);
  return [
    ...path.map((field) => ({ name: field.name, type: "string | number" })),
    ...(bodyField || bodyFields.length > 0 ? [{ name: "body", type: instead.body ?? body }] : []),
    ...(query.length > 0
      ? [{ name: "query", type: instead.query ?? `types.${name}Query`, optional: !needsQuery }]
      : []),
    { name: "options", type: "CallOptions", optional: true },
  ];
}

/** The `ApiRequest` of a call. */
function requestOf({ route, path, bodyField, bodyFields, query, paging }: Endpoint): string {
  const template = route.path.replaceAll(/\{(\w+)\}/g, "${segment($1)}");
  return `{ ${[
    `verb: "${route.verb.toUpperCase()}"`,
    `path: ${path.length > 0 ? `\`${template}\`` : JSON.stringify(route.path)}`,
    ...(bodyField || bodyFields.length > 0 ? ["body"] : []),
    ...(paging
      ? [`query: { ...query, ...(next === null ? {} : { ${paging.cursor}: next, ${skipOffset(query)}}) }`]
      : []),
    ...(query.length > 0 && !paging ? ["query"] : []),
  ].join(", ")} }`;
}

/** A page that follows another goes on from its cursor, and skips nothing. */
function skipOffset(query: Endpoint["query"]): string {
  return query.some(({ name }) => name === "offset") ? "offset: undefined " : "";
}
