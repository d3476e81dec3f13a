import { beforeAll, expect, it, vi } from "vitest";
import { apiOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("ids");
const ids: Record<string, string> = {};

beforeAll(async () => {
  const [example] = documentExample("001-create-orders");
  const nobody = "http://127.0.0.1:9/";
  const idOf = async (path: string, body: unknown) => (await api.post(path, body)).body.results[0].system_id;
  ids["sku"] = await idOf("/skus", [{ customer_identifier: "shirts872340" }]);
  ids["callback"] = await idOf("/callbacks", [{ url: nobody, message_type: "orderEvent" }]);
  ids["order"] = await idOf("/orders", [example]);
  const { customer_identifier } = example;
  const { line_items } = (await api.get(`/orders/${ids["order"]}`)).body;
  ids["line"] = line_items[0].id;
  ids["update"] = await idOf("/order_update_requests", [example]);
  await api.post("/data_factory/shipOrder", [{ order_customer_id: customer_identifier }]);
  ids["cancel"] = await idOf("/order_cancel_requests", [{ customer_identifier }]);
  const items = [{ order_line_item_id: ids["line"]!.toUpperCase(), quantity: 1 }];
  const asked = await api.post("/returns", { order_id: ids["order"]!.toUpperCase(), items });
  ids["return"] = asked.body.id;
  const deliveries = async () => (await api.get(`/callback_deliveries?order_id=${ids["order"]}`)).body.data;
  ids["delivery"] = (await vi.waitUntil(async () => (await deliveries())[0], { timeout: 20_000 })).id;
  const replay = await api.post("/callback_replays", { callback_id: ids["callback"]!.toUpperCase() });
  ids["replay"] = replay.body.id;
});

it.each([
  ["order", "/orders/{}"],
  ["order", "/orders?id={}"],
  ["order", "/orders/{}/events"],
  ["order", "/orders/{}/allocation"],
  ["order", "/orders/{}/order_line_items"],
  ["order", "/returns?order_id={}"],
  ["line", "/order_line_items/{}"],
  ["sku", "/skus/{}"],
  ["sku", "/skus?id={}"],
  ["update", "/order_update_requests/{}"],
  ["update", "/order_update_requests?id={}"],
  ["cancel", "/order_cancel_requests/{}"],
  ["return", "/returns/{}"],
  ["return", "/returns?id={}"],
  ["order", "/callback_deliveries?order_id={}"],
  ["delivery", "/callback_deliveries/{}"],
  ["replay", "/callback_replays/{}"],
])("the id of the %s may be in upper case: GET %s", async (name, path) => {
  const [lower, upper] = [ids[name]!, ids[name]!.toUpperCase()];
  const answer = await api.get(path.replace("{}", upper));
  expect(answer).toMatchObject({ status: 200 });
  expect(JSON.stringify(answer.body)).toContain(lower);
});

it.each([
  [
    "of a delivery that is to be sent again",
    "delivery",
    "post",
    "/callback_deliveries/{}/redeliver",
    undefined,
  ],
  ["of a registration that is changed", "callback", "patch", "/callbacks/{}", { token: "other" }],
  [
    "of a return that the sandbox moves",
    "return",
    "post",
    "/data_factory/rmaEvent",
    [{ return_id: "{}", event: "canceled" }],
  ],
  ["of a registration that is deleted", "callback", "delete", "/callbacks", ["{}"]],
  ["of a SKU that is deleted", "sku", "delete", "/skus", ["{}"]],
] as const)("so may that %s", async (_, name, verb, path, body) => {
  const put = (text: string) => text.replace("{}", ids[name]!.toUpperCase());
  const sent = body === undefined ? undefined : JSON.parse(put(JSON.stringify(body)));
  const answer = await api[verb](put(path), sent);
  expect(answer.status).toBeLessThan(300);
  expect(JSON.stringify(answer.body)).not.toContain("NOT_FOUND");
});
