import { methods } from "@waybill/contract/methods.ts";
import type { JsonSchema } from "@waybill/contract/schema.ts";
import { expect, test } from "vitest";
import { openApiDocument } from "./openapi.ts";

type Operation = JsonSchema & { responses: JsonSchema };
const document = openApiDocument();
const operations = Object.entries(document["paths"] as Record<string, Record<string, Operation>>).flatMap(
  ([path, verbs]) =>
    Object.entries(verbs).map(([verb, operation]) => ({ name: `${verb} ${path}`, operation })),
);

test("every route of the protos is described, and nothing else", () => {
  const routes = methods.flatMap(({ routes: own }) => own.map(({ verb, path }) => `${verb} ${path}`));
  expect(operations.map(({ name }) => name).sort()).toEqual(routes.sort());
});

test("every reference leads to something", () => {
  const text = JSON.stringify(document);
  const missing = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)]
    .map(([, pointer]) => pointer!)
    .filter((pointer) => valueAt(pointer) === undefined);
  expect(missing).toEqual([]);
});

test("every operation says what it can be refused with: a key, too much, something down", () => {
  for (const { operation } of operations)
    expect(Object.keys(operation.responses)).toEqual(
      expect.arrayContaining(["400", "401", "429", "500", "503"]),
    );
});

test("what only Waybill sets is in answers, not in what is sent", () => {
  const { Order, OrderInput } = valueAt("components/schemas") as Record<string, JsonSchema>;
  expect(Object.keys(Order!["properties"] as object)).toEqual(
    expect.arrayContaining(["id", "version", "status"]),
  );
  expect(Object.keys(OrderInput!["properties"] as object)).not.toContain("version");
  expect(OrderInput!["required"]).toEqual(expect.arrayContaining(["customer_identifier", "line_items"]));
  expect(Order!["required"]).toEqual(Object.keys(Order!["properties"] as object));
});

test("every operation, parameter, body, message and field is described", () => {
  const undescribed = operations
    .flatMap(({ name, operation }) => [
      [name, operation["description"]],
      ...((operation["parameters"] as JsonSchema[]) ?? [])
        .filter((parameter) => !("$ref" in parameter))
        .map((parameter) => [`${name} ${String(parameter["name"])}`, parameter["description"]]),
      ...(operation["requestBody"] ? [[name, (operation["requestBody"] as JsonSchema)["description"]]] : []),
    ])
    .concat(Object.entries(valueAt("components/schemas") as Record<string, JsonSchema>).flatMap(placesOf))
    .filter(([, description]) => !description)
    .map(([name]) => name);
  expect(undescribed).toEqual([]);
});

/** A message and its fields, each with its description. */
function placesOf([name, schema]: [string, JsonSchema]): [string, unknown][] {
  const fields = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  const own: [string, unknown][] = /(Request|Response)$/.test(name) ? [] : [[name, schema["description"]]];
  return [
    ...own,
    ...fields.map(([field, value]): [string, unknown] => [`${name}.${field}`, value["description"]]),
  ];
}

function valueAt(pointer: string): unknown {
  return pointer.split("/").reduce<unknown>((at, key) => (at as JsonSchema | undefined)?.[key], document);
}
