import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Api } from "./gen/api.ts";
import type { ApiRequest } from "./request.ts";

interface Operation {
  operationId: string;
  parameters: { name?: string; in?: string }[];
  requestBody?: object;
}

const document = JSON.parse(readFileSync(new URL("../../../docs/openapi.json", import.meta.url), "utf8")) as {
  paths: Record<string, Record<string, Operation>>;
};

const operations = Object.entries(document.paths).flatMap(([path, verbs]) =>
  Object.entries(verbs).map(([verb, operation]) => ({ verb: verb.toUpperCase(), path, operation })),
);

/** A client that sends nothing and notes what it would have sent. */
class Recorder extends Api {
  sent: ApiRequest[] = [];
  protected override send<Answer>(request: ApiRequest): Promise<Answer> {
    this.sent.push(request);
    return Promise.resolve({ data: [], next_cursor: null } as Answer);
  }
}

test("the client has a method for each operation of the OpenAPI document, and no others", () => {
  const methods = Object.getOwnPropertyNames(Api.prototype).filter((name) => name !== "constructor");
  expect(methods.sort()).toEqual(operations.map(({ operation }) => operation.operationId).sort());
});

test.each(operations)(
  "$operation.operationId sends what the document says: $verb $path",
  async ({ verb, path, operation }) => {
    const recorder = new Recorder();
    const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => `a ${name}`);
    const hasQuery = operation.parameters.some((parameter) => parameter.in === "query");
    const given = [
      ...inPath,
      ...(operation.requestBody ? [{ sent: true }] : []),
      ...(hasQuery ? [{ limit: 1 }] : []),
    ];
    const method = recorder[operation.operationId as keyof Api] as unknown as (
      ...all: unknown[]
    ) => PromiseLike<unknown>;
    await method.apply(recorder, given);
    const filled = path.replaceAll(/\{(\w+)\}/g, "a%20$1");
    expect(recorder.sent).toEqual([
      {
        verb,
        path: filled,
        ...(operation.requestBody ? { body: { sent: true } } : {}),
        ...(hasQuery ? { query: { limit: 1 } } : {}),
      },
    ]);
  },
);
