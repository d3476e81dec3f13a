import { describe, expect, inject, it } from "vitest";
import { apiOf, keyOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const TENANT = "bad-input";
const api = apiOf(TENANT);
const [order] = documentExample("001-create-orders");
const named = (customer_identifier: string, change: object) => ({ ...order, customer_identifier, ...change });

async function send(
  path: string,
  init: { method: string; body: string; headers?: Record<string, string> },
): Promise<{ status: number; body: any }> {
  const headers = {
    authorization: `Bearer ${keyOf(TENANT)}`,
    "content-type": "application/json",
    ...init.headers,
  };
  const response = await fetch(inject("system").url + path, { ...init, headers });
  return { status: response.status, body: await response.json() };
}

describe("what no service may die of", () => {
  it.each([
    ["text that is not JSON", '[{"a":', 400, "MALFORMED_JSON"],
    ["20,000 nested brackets", "[".repeat(20_000), 400, "MALFORMED_JSON"],
    ["10 MiB and a byte", JSON.stringify("x".repeat(10 * 1024 * 1024 - 1)), 413, "BODY_TOO_LARGE"],
    ["a million empty orders", `[${"{},".repeat(1_000_000)}{}]`, 413, "BODY_TOO_LARGE"],
    ["an object where an array belongs", "{}", 400, "INVALID_REQUEST"],
    ["__proto__ as a key", '[{"__proto__": {"priority": 1}}]', 400, "INVALID_REQUEST"],
    ["a null record", "[null]", 400, "INVALID_REQUEST"],
    ["a number beyond its range", '[{"priority": 1e308}]', 400, "INVALID_REQUEST"],
    ["a fraction of a unit", '[{"line_items": [{"quantity": 0.5}]}]', 400, "INVALID_REQUEST"],
    ["half of a surrogate pair", '[{"gift_message": "a\\ud800b"}]', 400, "INVALID_REQUEST"],
    ["an operator of the database", '[{"customer_identifier": {"$gt": ""}}]', 400, "INVALID_REQUEST"],
  ])("%s is refused whole", async (_, body, status, code) => {
    const answer = await send("/orders", { method: "POST", body });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it.each([
    ["a key with a NUL", { order_localization: { "a\u0000b": "x" } }, "/order_localization"],
    ["a key that BSON would take for a type", { order_localization: { $ref: "a" } }, "/order_localization"],
    ["a country that is none", { shipping_address_country_code: "XX" }, "/shipping_address_country_code"],
    ["the 30th of February", { submitted_at: "2018-02-30T00:00:00Z" }, "/submitted_at"],
    ["a text that is too long", { gift_message: "x".repeat(2_001) }, "/gift_message"],
    ["501 lines", { line_items: Array(501).fill(order.line_items[0]) }, "/line_items"],
  ])("%s fails its record alone, and is named", async (_, change, pointer) => {
    const { body } = await api.post("/orders", [named("bad", change)]);
    expect(body.results).toMatchObject([{ status: "failure" }]);
    expect(body.results[0].pointer).toContain(pointer);
  });

  it.each([
    ["an unknown key", { authorization: "Bearer nobody" }, 401],
    ["another content type", { "content-type": "text/plain" }, 415],
  ])("%s is refused", async (_, headers, status) => {
    expect((await send("/orders", { method: "POST", body: "[]", headers })).status).toBe(status);
  });
});

it("20,001 lines in one call are refused, and can never be accepted", async () => {
  const records = Array.from({ length: 41 }, (_, index) =>
    named(`many-${index}`, { line_items: Array(500).fill(order.line_items[0]) }),
  );
  const { status, body } = await api.post("/orders", records);
  expect([status, body.code]).toEqual([413, "BODY_TOO_LARGE"]);
});

it("an identifier with a comma is found by its escaped spelling", async () => {
  await api.post("/skus", [{ customer_identifier: "shirts872340" }]);
  await api.post("/orders", [named("a,b", {})]);
  const { body } = await api.get("/orders?cid=a%2Cb,other");
  expect(body.data).toHaveLength(1);
});

describe("after all of that", () => {
  it("every service still serves", async () => {
    expect((await fetch(`${inject("system").url}/readyz`)).status).toBe(200);
  });
});
