import { gzipSync } from "node:zlib";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { RpcServer } from "@waybill/rpc/server.ts";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import type { Gateway } from "../src/service.ts";
import { key, startStandIn, startTestGateway } from "./stand-in.ts";

const received = { requests: [] as unknown[], calls: [] as Call[] };
let standIn: RpcServer;
let gateway: Gateway;

beforeAll(async () => {
  standIn = await startStandIn(received);
  gateway = await startTestGateway(standIn.port);
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await standIn[Symbol.asyncDispose]();
});

afterEach(async () => {
  const reached = received.requests.length;
  const { status } = await ask("/orders", "GET", null);
  received.requests.length = 0;
  if (reached > 0) throw new Error("a bad request has reached a service");
  if (status !== 200) throw new Error("the gateway has not survived");
});

const json = { authorization: `Bearer ${key}`, "content-type": "application/json" };

async function ask(path: string, method: string, body: Body, headers: Record<string, string> = json) {
  const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, { method, body, headers });
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    text,
    body: JSON.parse(text) as Record<string, unknown>,
  };
}

type Body = string | Uint8Array<ArrayBuffer> | null;

const refusal = (status: number, code: string, errors: unknown[] = []) => ({
  status,
  body: { status, code, errors },
});
const invalid = (...errors: unknown[]) => refusal(400, "INVALID_REQUEST", errors);

test.each<[string, string, object]>([
  [
    "an object in the place of the array",
    "{}",
    invalid({ pointer: "", code: "WRONG_TYPE", detail: "must be an array" }),
  ],
  ["null", "null", invalid({ pointer: "", code: "WRONG_TYPE" })],
  ["a null record", "[null]", invalid({ pointer: "/0", code: "WRONG_TYPE" })],
  ["a number for a text", '[{"order_type":1}]', invalid({ pointer: "/0/order_type", code: "WRONG_TYPE" })],
  ["a text for a number", '[{"priority":"1"}]', invalid({ pointer: "/0/priority", code: "WRONG_TYPE" })],
  ["a fraction", '[{"priority":1.5}]', invalid({ pointer: "/0/priority", code: "WRONG_TYPE" })],
  [
    "a number beyond all numbers",
    '[{"priority":1e999}]',
    invalid({ pointer: "/0/priority", code: "WRONG_TYPE" }),
  ],
  [
    "an integer beyond its type",
    '[{"priority":2147483648}]',
    invalid({ pointer: "/0/priority", code: "OUT_OF_RANGE" }),
  ],
  ["an unknown key", '[{"x/y":1}]', invalid({ pointer: "/0/x~1y", code: "UNKNOWN_KEY" })],
  ["a key that Waybill sets", '[{"status":"open"}]', invalid({ pointer: "/0/status", code: "UNKNOWN_KEY" })],
  [
    "__proto__ as a key",
    '[{"__proto__":{"priority":1}}]',
    invalid({ pointer: "/0/__proto__", code: "UNKNOWN_KEY" }),
  ],
  [
    "constructor as a key",
    '[{"constructor":{}}]',
    invalid({ pointer: "/0/constructor", code: "UNKNOWN_KEY" }),
  ],
  [
    "a null in a list",
    '[{"value_added_services":[null]}]',
    invalid({ pointer: "/0/value_added_services/0", code: "WRONG_TYPE" }),
  ],
])("a body with %s is refused whole, and the place is named", async (_, body, expected) => {
  expect(await ask("/orders", "POST", body)).toMatchObject(expected);
});

test("__proto__ as a key of a map is refused", async () => {
  const answer = await ask("/orders", "POST", '[{"order_localization":{"__proto__":"x"}}]');
  expect(answer.status).toBe(400);
  const place = { pointer: "/0/order_localization/__proto__", code: "UNKNOWN_KEY" };
  expect(answer.body["errors"]).toContainEqual(expect.objectContaining(place));
});

test("all wrong places are named at once, those of the body and those of the query", async () => {
  const answer = await ask(
    "/orders?nope=1",
    "POST",
    '[{"priority":"x"},{"nope":1,"line_items":[{"quantity":"2"}]}]',
  );
  const errors = answer.body["errors"] as object[];
  expect(errors).toHaveLength(4);
  const places = ["/0/priority", "/1/nope", "/1/line_items/0/quantity"].map((pointer) => ({ pointer }));
  expect(errors).toEqual(
    expect.arrayContaining([{ parameter: "nope" }, ...places].map((place) => expect.objectContaining(place))),
  );
});

test.each([
  ["cut off", '[{"gift_message":"For Ada'],
  ["a word", "secret"],
  ["two values", '[{"gift_message":"secret"}] 1'],
  ["bytes that are not UTF-8", Buffer.from([0x5b, 0x22, 0xff, 0x22, 0x5d])],
])("a body that is not JSON (%s) is refused, and the answer does not quote it", async (_, body) => {
  const answer = await ask("/orders", "POST", body);
  expect(answer).toMatchObject(refusal(400, "MALFORMED_JSON"));
  expect(answer.text).not.toMatch(/secret|Ada/);
});

test.each([
  [20_000, 400],
  [1_000_000, 413],
])("%i nested brackets are refused with %i", async (depth, status) => {
  const body = "[".repeat(depth) + "]".repeat(depth);
  expect(await ask("/orders", "POST", body)).toMatchObject({ status });
  expect(await ask("/orders", "POST", body.slice(1))).toMatchObject({ status });
});

test("more objects than a full batch can need are refused before they are parsed", async () => {
  const body = `[${"{},".repeat(300_000)}{}]`;
  expect(await ask("/orders", "POST", body)).toMatchObject({ status: 413 });
});

test.each<[string, RequestInit]>([
  ["nothing", { body: null }],
  ["an empty text", { body: "" }],
  ["an empty stream", { body: new Blob([]).stream(), duplex: "half" }],
])("a request with %s in the place of its body is refused", async (_, init) => {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/orders`, {
    method: "POST",
    headers: json,
    ...init,
  });
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({
    detail: "a body is required",
    errors: [{ pointer: "", code: "REQUIRED" }],
  });
});

test("a body of 10 MiB is read, one byte more is refused", async () => {
  const body = (bytes: number) => `[${" ".repeat(bytes - 3)}1]`;
  expect(await ask("/orders", "POST", body(10_485_760))).toMatchObject({ status: 400 });
  expect(await ask("/orders", "POST", body(10_485_761))).toMatchObject(refusal(413, "BODY_TOO_LARGE"));
});

test("a small body that decompresses to a large one is refused", async () => {
  const bomb = gzipSync(Buffer.alloc(200_000_000, " "));
  const answer = await ask("/orders", "POST", bomb, { ...json, "content-encoding": "gzip" });
  expect(answer).toMatchObject(refusal(413, "BODY_TOO_LARGE"));
});

test("a body that does not decompress, or is encoded otherwise, is refused", async () => {
  const broken = await ask("/orders", "POST", "[]", { ...json, "content-encoding": "gzip" });
  expect(broken).toMatchObject(refusal(400, "MALFORMED_JSON"));
  const other = await ask("/orders", "POST", "[]", { ...json, "content-encoding": "compress" });
  expect(other).toMatchObject(refusal(415, "UNSUPPORTED_MEDIA_TYPE"));
});

test.each([
  "text/plain",
  "application/json; charset=latin1",
  "application/jsonp",
  "json",
  "multipart/form-data",
])("a body of type %s is refused", async (type) => {
  const answer = await ask("/orders", "POST", "[]", { ...json, "content-type": type });
  expect(answer).toMatchObject(refusal(415, "UNSUPPORTED_MEDIA_TYPE"));
});

test.each([
  {},
  { authorization: "Bearer wrong" },
  { authorization: `Basic ${key}` },
  { authorization: "Bearer" },
])("a request with the headers %o is refused before its body is read", async (headers) => {
  const answer = await ask("/orders", "POST", "not JSON", headers);
  expect(answer).toMatchObject(refusal(401, "UNAUTHENTICATED"));
  expect(answer.headers.get("www-authenticate")).toBe("Bearer");
});

test.each<[string, object]>([
  ["/orders?nope=1", { parameter: "nope", code: "UNKNOWN_KEY" }],
  ["/orders?__proto__=1", { parameter: "__proto__", code: "UNKNOWN_KEY" }],
  ["/orders?limit[a]=1", { parameter: "limit[a]", code: "UNKNOWN_KEY" }],
  ["/orders?limit=x", { parameter: "limit", code: "WRONG_TYPE", detail: "must be an integer" }],
  ["/orders?limit=", { parameter: "limit", code: "WRONG_TYPE" }],
  ["/orders?limit=1.5", { parameter: "limit", code: "WRONG_TYPE" }],
  ["/orders?limit=1&limit=2", { parameter: "limit", code: "WRONG_TYPE", detail: "must be given once" }],
  ["/orders?limit=99999999999999999999", { parameter: "limit", code: "OUT_OF_RANGE" }],
  ["/orders/o1?order=o2", { parameter: "order", code: "UNKNOWN_KEY" }],
  ["/profiles/x", { parameter: "id", code: "WRONG_TYPE" }],
  ["/profiles/0", { parameter: "id", code: "OUT_OF_RANGE" }],
])("%s is refused, and the parameter is named", async (path, place) => {
  expect(await ask(path, "GET", null)).toMatchObject(invalid(place));
});

test("a path that is not percent-encoded is refused", async () => {
  expect(await ask("/orders/%zz", "GET", null)).toMatchObject(invalid());
});

test("a path or headers of more than Node reads are answered with a problem too", async () => {
  const response = await fetch(`http://127.0.0.1:${gateway.port}/orders?cid=${"a".repeat(20_000)}`);
  const problem = {
    code: "HEADERS_TOO_LARGE",
    status: 431,
    request_id: response.headers.get("x-request-id"),
  };
  expect([response.status, await response.json()]).toMatchObject([431, problem]);
});
