import { methodAt, type Route } from "@waybill/contract/methods.ts";
import { BodyForm } from "@waybill/proto/options/v1/options.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { describe, expect, test } from "vitest";
import { changeThing, route } from "../test/contract.ts";
import { RestRefusal } from "./places.ts";
import { requestBuilder, type RestRequest } from "./request.ts";
import { expressPath } from "./routes.ts";

const nothing: RestRequest = { params: {}, query: "", headers: {}, body: undefined };

function build(path: string, request: Partial<RestRequest>): Record<string, unknown> {
  const { input, routes } = methodAt(path);
  return requestBuilder(input, routes[0]!)({ ...nothing, ...request }).message;
}

const builders = new Map<string, ReturnType<typeof requestBuilder>>();

/** What a route of ChangeThing makes of a request. */
function change(changes: Partial<Route>, request: Partial<RestRequest>) {
  const key = JSON.stringify(changes);
  const builder = builders.get(key) ?? requestBuilder(changeThing, route(changes));
  builders.set(key, builder);
  return builder({ ...nothing, ...request });
}

function placesOf(make: () => unknown): unknown {
  try {
    return make();
  } catch (error) {
    return error instanceof RestRefusal ? error.places : error;
  }
}

test("every list and map of the message is there, also those that the request leaves out", () => {
  const body = [{ line_items: [{ pick_from: [{}] }] }];
  const request = build("/waybill.orders.v1.OrderService/CreateOrders", { body });
  // The encoder throws for a list or a map that is not there.
  expect(OrderServiceService.createOrders.requestSerialize(request as never)).toBeInstanceOf(Buffer);
  expect(request).toMatchObject({
    orders: [
      {
        line_items: [{ pick_from: [{ match_value: [] }], references: [] }],
        value_added_services: [],
        references: [],
        order_localization: {},
      },
    ],
  });
  expect(build("/waybill.orders.v1.OrderService/ListOrders", {})).toEqual({ id: [], cid: [] });
});

test("the check of a body stops at 100 wrong places", () => {
  const body: unknown[] = Array.from({ length: 1_000 }, () => 1);
  Object.defineProperty(body, 500, { get: () => expect.unreachable() as unknown });
  const places = placesOf(() => build("/waybill.orders.v1.OrderService/CreateOrders", { body }));
  expect(places).toHaveLength(100);
});

test("parameters have the types of their fields", () => {
  const query = "limit=7&after_sequence=12";
  const request = build("/waybill.orders.v1.OrderService/ListOrderEvents", {
    params: { order: "12" },
    query,
  });
  expect(request).toEqual({ order: "12", limit: 7, after_sequence: 12 });
});

test("a body under * is the request without the fields of the path", () => {
  const { input } = methodAt("/waybill.orders.v1.OrderService/ListOrderEvents");
  const bound = route({ path: "/o/{order}", body: "*" });
  const make = (body: unknown, query = "") =>
    requestBuilder(input, bound)({ ...nothing, params: { order: "o1" }, query, body }).message;
  expect(make({ limit: 3 })).toEqual({ order: "o1", limit: 3 });
  expect(placesOf(() => make({ order: "o2" }, "limit=3"))).toMatchObject([
    { parameter: "limit", code: "UNKNOWN_KEY" },
    { pointer: "/order", code: "UNKNOWN_KEY" },
  ]);
});

describe("a body that is one or many", () => {
  const parts = { body: "parts", bodyForm: BodyForm.BODY_FORM_ONE_OR_MANY };

  test("is a list of one when it comes alone, and the request says so", () => {
    const alone = change(parts, { body: { name: "a" } });
    expect(alone).toMatchObject({ message: { parts: [{ name: "a", tags: [] }] }, form: "alone" });
    const many = change(parts, { body: [{ name: "a" }] });
    expect(many).toMatchObject({ message: alone.message, form: "plain" });
  });

  test("is refused at places of the body as it was sent", () => {
    const refused = (body: unknown) => placesOf(() => change(parts, { body }));
    expect(refused({ nope: 1, tags: [1] })).toMatchObject([{ pointer: "/nope" }, { pointer: "/tags/0" }]);
    expect(refused([{}, { tags: [1] }])).toMatchObject([{ pointer: "/1/tags/0" }]);
    expect(refused([[]])).toMatchObject([{ pointer: "/0", code: "WRONG_TYPE" }]);
    const neither = { pointer: "", code: "WRONG_TYPE", detail: "must be an array or an object" };
    for (const body of [null, 1, "x", true]) expect(refused(body)).toEqual([neither]);
  });
});

describe("a body that is wrapped or bare", () => {
  const order = { body: "order", bodyForm: BodyForm.BODY_FORM_WRAPPED_OR_BARE };

  test("is the same either way", () => {
    const bare = change(order, { body: { order_type: "x" } });
    const wrapped = change(order, { body: { order: { order_type: "x" } } });
    expect(bare).toMatchObject({ message: { order: { order_type: "x", line_items: [] } }, form: "plain" });
    expect(wrapped).toMatchObject({ message: bare.message, form: "wrapped" });
  });

  test("is refused at places of the body as it was sent", () => {
    const refused = (body: unknown) => placesOf(() => change(order, { body }));
    expect(refused({ order_type: 1 })).toMatchObject([{ pointer: "/order_type" }]);
    expect(refused({ order: { order_type: 1 } })).toMatchObject([{ pointer: "/order/order_type" }]);
    expect(refused({ order: null })).toMatchObject([{ pointer: "/order", code: "WRONG_TYPE" }]);
    expect(refused({ order: {}, order_type: "x" })).toMatchObject([
      { pointer: "/order_type", code: "UNKNOWN_KEY" },
    ]);
    expect(refused([])).toMatchObject([{ pointer: "", code: "WRONG_TYPE" }]);
  });
});

describe("an update mask", () => {
  test("names the keys of the body, with null texts and without null lists and maps", () => {
    const body = {
      order_type: null,
      priority: 1,
      line_items: null,
      order_localization: null,
      references: [],
    };
    const { references: _, ...sent } = body;
    expect(change({ body: "order" }, { body: sent }).message["update_mask"]).toEqual([
      "order_type",
      "priority",
    ]);
    const keys = ["value_added_services", "order_localization"];
    const lists = { value_added_services: [], order_localization: {} };
    expect(change({ body: "order" }, { body: lists }).message["update_mask"]).toEqual(keys);
    const wrapped = { body: "order", bodyForm: BodyForm.BODY_FORM_WRAPPED_OR_BARE };
    expect(change(wrapped, { body: { order: { priority: 2 } } }).message["update_mask"]).toEqual([
      "priority",
    ]);
  });

  test("of a body that is the request names its keys, without those of the path", () => {
    const bound = { path: "/things/{thing}", body: "*" };
    const { message } = change(bound, { params: { thing: "t" }, body: { note: null, parts: null } });
    expect(message).toMatchObject({ thing: "t", note: null, parts: [], update_mask: ["note"] });
  });

  test("of each element of a list names that element's keys", () => {
    const { message } = change({ body: "parts" }, { body: [{ name: null }, { tags: [] }, {}] });
    expect(message["parts"]).toEqual([
      { name: null, tags: [], update_mask: ["name"] },
      { tags: [], update_mask: ["tags"] },
      { tags: [], update_mask: [] },
    ]);
  });

  test("is no key of a body and no parameter", () => {
    const unknown = { code: "UNKNOWN_KEY" };
    expect(placesOf(() => change({ body: "*" }, { body: { update_mask: ["note"] } }))).toMatchObject([
      { pointer: "/update_mask", ...unknown },
    ]);
    expect(placesOf(() => change({ body: "order" }, { query: "update_mask=note", body: {} }))).toMatchObject([
      { parameter: "update_mask", ...unknown },
    ]);
    expect(placesOf(() => change({ body: "parts" }, { body: [{ update_mask: [] }] }))).toMatchObject([
      { pointer: "/0/update_mask", ...unknown },
    ]);
  });
});

test("a field that is a header comes from it, and from nowhere else", () => {
  const headers = { "if-match": '"3.1"' };
  expect(change({ body: "*" }, { headers, body: {} }).message).toMatchObject({ if_match: '"3.1"' });
  expect(change({ body: "*" }, { body: {} }).message["if_match"]).toBeUndefined();
  expect(placesOf(() => change({ body: "*" }, { body: { if_match: "x" } }))).toMatchObject([
    { pointer: "/if_match", code: "UNKNOWN_KEY" },
  ]);
  expect(placesOf(() => change({ verb: "get" }, { query: "if_match=x" }))).toMatchObject([
    { parameter: "if_match", code: "UNKNOWN_KEY" },
  ]);
});

test("a route whose path or body names no field of the request does not start", () => {
  const { input, routes } = methodAt("/waybill.orders.v1.OrderService/GetOrder");
  expect(() => requestBuilder(input, { ...routes[0]!, path: "/orders/{nope}" })).toThrow("has no field nope");
  expect(() => requestBuilder(input, { ...routes[0]!, body: "nope" })).toThrow("has no field nope");
  const oneOrMany = { body: "order", bodyForm: BodyForm.BODY_FORM_ONE_OR_MANY };
  expect(() => change(oneOrMany, {})).toThrow("is no list");
});

test("a path template becomes an Express path, its literal parts taken literally", () => {
  expect(expressPath("/orders/{order}/events")).toBe("/orders/:order/events");
  expect(expressPath("/orders/{order}:cancel")).toBe("/orders/:order\\:cancel");
  expect(() => expressPath("/orders/{order=**}")).toThrow("only {field} is supported");
});
