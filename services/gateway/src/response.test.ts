import { methodAt } from "@waybill/contract/methods.ts";
import { expect, test } from "vitest";
import { changeThing, route } from "../test/contract.ts";
import { bodyRenderer, etagOf, locationOf } from "./response.ts";

function render(path: string, message: Record<string, unknown>): string {
  const { output, routes } = methodAt(path);
  return bodyRenderer(output, routes[0]!)(message, "plain");
}

test("a list takes the place of the one it is rendered as, and shows no key of its own", () => {
  const listOrders = "/waybill.orders.v1.OrderService/ListOrders";
  const facts = {
    limit: 30,
    offset: 0,
    list_type: "summary",
    include_counts: true,
    total: 1,
    next_cursor: null,
  };
  const summaries = render(listOrders, { ...facts, data: [], summaries: [{ id: "s" }] });
  expect(summaries).toBe(JSON.stringify({ ...facts, data: [{ id: "s" }] }));
  expect(JSON.parse(render(listOrders, { ...facts, data: [{ id: "d" }], summaries: [] }))).toMatchObject({
    ...facts,
    data: [{ id: "d", storefront: null }],
  });
  expect(JSON.parse(render(listOrders, { ...facts, data: [], summaries: [] }))).toEqual({
    ...facts,
    data: [],
  });
});

test("a list that is left out when empty shows no key then", () => {
  const createOrders = "/waybill.orders.v1.OrderService/CreateOrders";
  expect(JSON.parse(render(createOrders, { results: [], plans: [] }))).not.toHaveProperty("plans");
  expect(JSON.parse(render(createOrders, { results: [], plans: [{ index: 0 }] }))).toMatchObject({
    plans: [{ index: 0 }],
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

test("what was sent alone is answered alone, and a list as a list", () => {
  const render = bodyRenderer(changeThing, route({ responseBody: "parts" }));
  const parts = [{ name: "a" }];
  expect(render({ parts }, "plain")).toBe('[{"name":"a"}]');
  expect(render({ parts }, "alone")).toBe('{"name":"a"}');
  const note = bodyRenderer(changeThing, route({ responseBody: "note" }));
  expect(note({ note: "n" }, "alone")).toBe('"n"');
});

test("an entity tag has the values of the answer, and is absent where one of its values is", () => {
  const tag = (order: unknown) => etagOf("{order.version}.{order.lines_revision}", { order });
  expect(tag({ version: 3, lines_revision: 0 })).toBe("3.0");
  expect(tag({ version: 3, lines_revision: null })).toBeNull();
  expect(tag(undefined)).toBeNull();
  expect(etagOf("{name}", { name: 'a" b' })).toBe("a%22%20b");
});

test("a Location is below the base path, with the values of the answer", () => {
  expect(locationOf("/profiles/{profile.id}", { profile: { id: 7 } })).toBe("/consumers/api/v1/profiles/7");
  expect(locationOf("/skus/{id}", { id: "a/b" })).toBe("/consumers/api/v1/skus/a%2Fb");
  expect(locationOf("/things/{thing}/parts/{parts.0.id}", { thing: "t", parts: [{ id: 4 }] })).toBe(
    "/consumers/api/v1/things/t/parts/4",
  );
});
