import { methodAt } from "@waybill/contract/methods.ts";
import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { expect, test } from "vitest";
import { RestRefusal } from "./places.ts";
import { requestBuilder, type RestRequest } from "./request.ts";
import { expressPath } from "./routes.ts";

function build(path: string, request: Partial<RestRequest>): Record<string, unknown> {
  const { input, routes } = methodAt(path);
  return requestBuilder(input, routes[0]!)({ params: {}, query: "", body: undefined, ...request });
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
  const route = {
    verb: "post",
    path: "/o/{order}",
    body: "*",
    responseBody: null,
    successStatus: 200,
    location: null,
  } as const;
  const make = (body: unknown, query = "") =>
    requestBuilder(input, route)({ params: { order: "o1" }, query, body });
  expect(make({ limit: 3 })).toEqual({ order: "o1", limit: 3 });
  expect(placesOf(() => make({ order: "o2" }, "limit=3"))).toMatchObject([
    { parameter: "limit", code: "UNKNOWN_KEY" },
    { pointer: "/order", code: "UNKNOWN_KEY" },
  ]);
});

test("a route whose path or body names no field of the request does not start", () => {
  const { input, routes } = methodAt("/waybill.orders.v1.OrderService/GetOrder");
  expect(() => requestBuilder(input, { ...routes[0]!, path: "/orders/{nope}" })).toThrow("has no field nope");
  expect(() => requestBuilder(input, { ...routes[0]!, body: "nope" })).toThrow("has no field nope");
});

test("a path template becomes an Express path, its literal parts taken literally", () => {
  expect(expressPath("/orders/{order}/events")).toBe("/orders/:order/events");
  expect(expressPath("/orders/{order}:cancel")).toBe("/orders/:order\\:cancel");
  expect(() => expressPath("/orders/{order=**}")).toThrow("only {field} is supported");
});
