import { OrderServiceService } from "@waybill/proto/orders/v1/orders.ts";
import { describe, expect, it, test } from "vitest";
import { descriptors } from "./descriptors.ts";
import { methods } from "./methods.ts";
import { checkOf } from "./schema.ts";
import { shapeSchema } from "./shape-schema.ts";

const checkOrders = checkOf(() =>
  shapeSchema(descriptors.getMessage("waybill.orders.v1.CreateOrdersRequest")!),
);

/** The places that are wrong with a body of one order, as `pointer CODE` relative to the order. */
function placesOf(orderJson: string): string[] {
  return checkOrders(JSON.parse(`{"orders":[${orderJson}]}`)).map(
    ({ pointer, code }) => `${pointer.replace("/orders/0", "")} ${code}`,
  );
}

describe("a body of the right shape passes", () => {
  it.each([
    [
      "null for every kind of value",
      '{"order_type":null,"priority":null,"line_items":null,"order_localization":null}',
    ],
    [
      "texts, numbers, lists, maps",
      '{"order_type":"x","priority":5,"line_items":[{}],"order_localization":{"a":"b"}}',
    ],
    ["a number whose spelling has a point but whose value is whole", '{"priority":5.0}'],
    ["the largest integers", '{"priority":2147483647,"line_items":[{"quantity":9007199254740991}]}'],
    ["the smallest integers", '{"priority":-2147483648,"line_items":[{"quantity":-9007199254740991}]}'],
    ["a map's keys that objects have anyway", '{"order_localization":{"constructor":"x","toString":"y"}}'],
    ["what only the rules refuse", '{"order_type":"","priority":0,"shipping_address_country_code":"ZZ"}'],
  ])("%s", (_, json) => expect(placesOf(json)).toEqual([]));
});

describe("a body of another shape is refused at the place", () => {
  it.each<[json: string, ...places: string[]]>([
    ["null", " WRONG_TYPE"],
    ["[]", " WRONG_TYPE"],
    ['"order"', " WRONG_TYPE"],
    ['{"order_type":5}', "/order_type WRONG_TYPE"],
    ['{"order_type":["x"]}', "/order_type WRONG_TYPE"],
    ['{"priority":"5"}', "/priority WRONG_TYPE"],
    ['{"priority":1.5}', "/priority WRONG_TYPE"],
    ['{"priority":true}', "/priority WRONG_TYPE"],
    ['{"priority":1e400}', "/priority WRONG_TYPE"],
    ['{"priority":2147483648}', "/priority OUT_OF_RANGE"],
    ['{"priority":-2147483649}', "/priority OUT_OF_RANGE"],
    ['{"line_items":[{"quantity":9007199254740993}]}', "/line_items/0/quantity OUT_OF_RANGE"],
    ['{"line_items":{}}', "/line_items WRONG_TYPE"],
    ['{"line_items":[{},null]}', "/line_items/1 WRONG_TYPE"],
    [
      '{"line_items":[{"pick_from":[{"match_value":["x",1]}]}]}',
      "/line_items/0/pick_from/0/match_value/1 WRONG_TYPE",
    ],
    ['{"line_items":[{"pick_from":[{"match":1}]}]}', "/line_items/0/pick_from/0/match UNKNOWN_KEY"],
    ['{"value_added_services":["x",null]}', "/value_added_services/1 WRONG_TYPE"],
    ['{"order_localization":[]}', "/order_localization WRONG_TYPE"],
    ['{"order_localization":{"a":null}}', "/order_localization/a WRONG_TYPE"],
    ['{"order_localization":{"a":{"b":"c"}}}', "/order_localization/a WRONG_TYPE"],
    ['{"order_localization":{"__proto__":"x"}}', "/order_localization/__proto__ UNKNOWN_KEY"],
    ['{"__proto__":{"order_type":"x"}}', "/__proto__ UNKNOWN_KEY"],
    ['{"line_items":[{"__proto__":null}]}', "/line_items/0/__proto__ UNKNOWN_KEY"],
    ['{"constructor":1,"toString":2}', "/constructor UNKNOWN_KEY", "/toString UNKNOWN_KEY"],
    ['{"ordertype":"x"}', "/ordertype UNKNOWN_KEY"],
    ['{"Order_type":"x"}', "/Order_type UNKNOWN_KEY"],
    ['{"a/b~c":1}', "/a~1b~0c UNKNOWN_KEY"],
    ['{"":1}', "/ UNKNOWN_KEY"],
    ['{"order_type":1,"priority":"1"}', "/order_type WRONG_TYPE", "/priority WRONG_TYPE"],
  ])("%s", (json, ...places) => expect(placesOf(json)).toEqual(places));
});

test("every field that only Waybill sets counts as an unknown key, even null", () => {
  const keys = ["id", "order_nr", "status", "references", "version", "created_at"];
  for (const key of keys) expect(placesOf(`{"${key}":null}`)).toEqual([`/${key} UNKNOWN_KEY`]);
  expect(placesOf('{"line_items":[{"total_net_price":"1.0"}]}')).toEqual([
    "/line_items/0/total_net_price UNKNOWN_KEY",
  ]);
});

test("absent and null lists and maps become empty ones, at any depth, for the encoder", () => {
  const body = JSON.parse(
    '{"orders":[{"line_items":[{"pick_from":[{}]},{"pick_from":null}],"value_added_services":null}]}',
  );
  expect(checkOrders(body)).toEqual([]);
  expect(body).toMatchObject({
    orders: [
      {
        line_items: [
          { pick_from: [{ match_value: [] }], references: [] },
          { pick_from: [], references: [] },
        ],
        value_added_services: [],
        references: [],
        order_localization: {},
      },
    ],
  });
  // The encoder throws for a list or a map that is not there.
  expect(OrderServiceService.createOrders.requestSerialize(body)).toBeInstanceOf(Buffer);
});

test("what was sent stays as it was", () => {
  const body = JSON.parse(
    '{"orders":[{"priority":5,"value_added_services":["b","a"],"order_localization":{"x":"y"}}]}',
  );
  checkOrders(body);
  expect(body.orders[0]).toMatchObject({
    priority: 5,
    value_added_services: ["b", "a"],
    order_localization: { x: "y" },
  });
});

test("every wrong place is named at once, up to a hundred", () => {
  const body = (count: number) => ({ orders: Array.from({ length: count }, () => null) });
  expect(checkOrders(body(99))).toHaveLength(99);
  expect(checkOrders(body(100_000))).toHaveLength(100);
  expect(checkOrders(body(0))).toEqual([]);
});

test("every request that REST reaches has a shape", () => {
  const reached = methods.filter(({ routes }) => routes.length > 0);
  expect(reached.length).toBeGreaterThan(0);
  for (const { input } of reached) expect(shapeSchema(input)).toMatchObject({ type: "object" });
});
