import { methodAt } from "@waybill/contract/methods.ts";
import { expect, test } from "vitest";
import { bodyRenderer, locationOf } from "./response.ts";

function render(path: string, message: Record<string, unknown>): string {
  const { output, routes } = methodAt(path);
  return bodyRenderer(output, routes[0]!)(message);
}

test("a list takes the place of the one it is rendered as, and shows no key of its own", () => {
  const listOrders = "/waybill.orders.v1.OrderService/ListOrders";
  const facts = { limit: 30, offset: 0, list_type: "summary" };
  const summaries = render(listOrders, { ...facts, data: [], summaries: [{ id: "s" }] });
  expect(summaries).toBe('{"limit":30,"offset":0,"list_type":"summary","data":[{"id":"s"}]}');
  expect(JSON.parse(render(listOrders, { ...facts, data: [{ id: "d" }], summaries: [] }))).toEqual({
    ...facts,
    data: [{ id: "d" }],
  });
  expect(JSON.parse(render(listOrders, { ...facts, data: [], summaries: [] }))).toEqual({
    ...facts,
    data: [],
  });
});

test("a text that holds JSON is answered byte for byte, an empty one as null", () => {
  const events = "/waybill.orders.v1.OrderService/ListOrderEvents";
  const event = { id: "e", sequence: 1, type: "t", time: "now", message_type: null };
  const data = '{"b":1.0, "a":10000000000000000001}';
  expect(render(events, { data: [{ ...event, data }], next_cursor: null })).toBe(
    `{"data":[{"id":"e","sequence":1,"type":"t","time":"now","message_type":null,"data":${data}}],"next_cursor":null}`,
  );
  expect(render(events, { data: [{ ...event, data: "" }], next_cursor: 2 })).toContain('"data":null}');
});

test("an absent message is answered as null", () => {
  expect(render("/waybill.orders.v1.OrderService/GetOrder", {})).toBe("null");
});

test("a Location is below the base path, with the values of the answer", () => {
  expect(locationOf("/profiles/{profile.id}", { profile: { id: 7 } })).toBe("/consumers/api/v1/profiles/7");
  expect(locationOf("/skus/{id}", { id: "a/b" })).toBe("/consumers/api/v1/skus/a%2Fb");
});
