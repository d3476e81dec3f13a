import type { Call } from "@waybill/rpc/handlers.ts";
import type { RpcServer } from "@waybill/rpc/server.ts";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Gateway } from "../src/service.ts";
import { key, startStandIn, startTestGateway } from "./stand-in.ts";

const received = { requests: [] as unknown[], calls: [] as Call[] };
let standIn: RpcServer;
let gateway: Gateway;

beforeAll(async () => {
  standIn = await startStandIn(received);
  gateway = await startTestGateway(standIn.port);
});

beforeEach(() => {
  received.requests.length = 0;
});

afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await standIn[Symbol.asyncDispose]();
});

async function send(method: string, path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(`http://127.0.0.1:${gateway.port}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json", ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === "" ? null : JSON.parse(text) };
}

const grouping = { reference: "box", profile_id: 1 };

describe("where a body may be one or many", () => {
  test("one is answered as one with its Location, many as many without", async () => {
    const one = await send("POST", "/orders/o1/groupings", grouping);
    expect(one).toMatchObject({ status: 201, body: { ...grouping, id: 1 } });
    expect(one.headers.get("location")).toBe("/consumers/api/v1/orders/o1/groupings/1");
    const many = await send("POST", "/orders/o1/groupings", [grouping]);
    expect(many).toMatchObject({ status: 201, body: [{ ...grouping, id: 1 }] });
    expect(many.headers.get("location")).toBeNull();
    expect(received.requests[0]).toEqual(received.requests[1]);
  });

  test("the gateway's and the service's refusals name places of the body as it was sent", async () => {
    const placesOf = async (body: unknown) => (await send("POST", "/orders/o1/groupings", body)).body.errors;
    expect(await placesOf({ reference: 1 })).toMatchObject([{ pointer: "/reference", code: "WRONG_TYPE" }]);
    expect(await placesOf([{ reference: 1 }])).toMatchObject([{ pointer: "/0/reference" }]);
    expect(await placesOf({ profile_id: 1 })).toMatchObject([{ pointer: "/reference", code: "REQUIRED" }]);
    expect(await placesOf([grouping, { profile_id: 1 }])).toMatchObject([{ pointer: "/1/reference" }]);
    expect(await placesOf([])).toMatchObject([{ pointer: "", code: "REQUIRED" }]);
  });

  test("each element says by its keys what it changes", async () => {
    await send("PUT", "/orders/o1/groupings", [
      { id: 1, reference: "a" },
      { id: 2, reference: "b", items: null },
      { reference: "c", items: [] },
    ]);
    const masks = [
      ["id", "reference"],
      ["id", "reference"],
      ["reference", "items"],
    ];
    expect(received.requests[0]).toMatchObject({ changes: masks.map((update_mask) => ({ update_mask })) });
  });
});

test("a body in its wrapper is the same as a bare one, and its keys are what is changed", async () => {
  const id = "0190f3b2-0000-7000-8000-000000000001";
  const change = { amount: 3, promised_delivery_date: null };
  await send("PATCH", `/order_line_items/${id}`, change, { "if-match": '"1"' });
  await send("PATCH", `/order_line_items/${id}`, { order_line_item: change }, { "if-match": '"1"' });
  const [wrapped, bare] = received.requests;
  expect(wrapped).toEqual(bare);
  expect(wrapped).toMatchObject({
    id,
    if_match: '"1"',
    order_line_item: change,
    update_mask: Object.keys(change),
  });
  const refused = await send("PATCH", `/order_line_items/${id}`, { order_line_item: { amount: 0 } });
  expect(refused.body.errors).toMatchObject([{ pointer: "/order_line_item/amount", code: "OUT_OF_RANGE" }]);
});

test("a delete is answered with 204 and nothing else, unless If-Match names another state", async () => {
  const path = "/orders/o1/groupings/1";
  const gone = await send("DELETE", path, undefined, { "if-match": '"7"' });
  expect([gone.status, gone.body]).toEqual([204, null]);
  const stale = await send("DELETE", path, undefined, { "if-match": '"6"' });
  expect(stale).toMatchObject({ status: 412, body: { code: "PRECONDITION_FAILED" } });
  expect(stale.body.detail).toContain('"7"');
  const elsewhere = await send("DELETE", `${path}?if_match=7`, undefined);
  expect(elsewhere.body.errors).toMatchObject([{ parameter: "if_match", code: "UNKNOWN_KEY" }]);
});
