// What is there before schemathesis begins, and the values that parameters therefore get: by itself it makes up
// ids that nothing has, and meets little but 404.
import { setTimeout as delay } from "node:timers/promises";
import { Waybill, type OrderInput } from "@waybill/client";
import { documentExample } from "../e2e/documents/read.ts";

/** Of each operation (`GET /orders/{order}`) the values of its parameters and fields (`path.order`). */
export type Values = Record<string, Record<string, readonly (string | number)[]>>;

/** Of what a call uses up: so many. */
const MANY = 20;
const SKU = "api-shirt";
const STOCKED = "api-stocked";
const DELIVERED_WITHIN_MS = 20_000;
const AGAIN_MS = 100;
const [example] = documentExample("001-create-orders") as [OrderInput];

/** Makes some of everything by REST, with registrations that send to `receiver`. */
export async function makeResources(url: string, key: string, receiver: string): Promise<Values> {
  const waybill = new Waybill({ url, key });
  const registrations = await makeRegistrations(waybill, receiver);
  return {
    ...(await makeSkus(waybill)),
    ...(await makeOrder(waybill)),
    ...(await makeLines(waybill)),
    ...(await makeGroupings(waybill)),
    ...(await makeReturns(waybill)),
    ...(await makeRequests(waybill)),
    ...(await makeOrderGroup(waybill)),
    ...registrations,
    ...(await deliveriesOf(waybill)),
  };
}

async function makeRegistrations(waybill: Waybill, receiver: string): Promise<Values> {
  const purposes = ["change", "rotate", "test"];
  const { results } = await waybill.createCallbacks(
    purposes.map((purpose) => ({ url: `${receiver}/${purpose}`, message_type: "orderEvent" })),
  );
  const [change, rotate, test] = results.map(({ system_id }) => [system_id!]);
  return {
    "PATCH /callbacks/{id}": { "path.id": change! },
    "POST /callbacks/{id}/rotate_secret": { "path.id": rotate! },
    "POST /callbacks/{id}/test": { "path.id": test! },
  };
}

async function makeSkus(waybill: Waybill): Promise<Values> {
  const { results } = await waybill.createSkus([
    { customer_identifier: SKU },
    { customer_identifier: STOCKED },
  ]);
  const stocked = { "body.[*].sku_customer_id": [STOCKED], "body.[*].quantity": [1, 2, 3] };
  return {
    "GET /skus/{sku}": { "path.sku": [results[0]!.system_id!, SKU] },
    "PUT /skus": { "body.[*].customer_identifier": [SKU] },
    "POST /data_factory/createAvailable": stocked,
    "POST /data_factory/loseInventory": stocked,
  };
}

/** One that stays open. */
async function makeOrder(waybill: Waybill): Promise<Values> {
  const open = { "path.order": [await newOrder(waybill, "api-open", 1)] };
  return {
    "GET /orders/{order}": open,
    "GET /orders/{order}/events": open,
    "GET /orders/{order}/shipments": open,
    "GET /orders/{order}/allocation": open,
    "GET /orders/{order}/order_line_items": open,
    "POST /orders/{order}/order_line_items": {
      ...open,
      "body.sku_customer_id": [SKU],
      "body.order_line_item.sku_customer_id": [SKU],
      "body.amount": [1, 2, 3],
    },
  };
}

async function makeLines(waybill: Waybill): Promise<Values> {
  const order = await newOrder(waybill, "api-lines", 2 * MANY);
  const ids = await linesOf(waybill, order);
  const kept = { "path.id": ids.slice(0, MANY) };
  return {
    "GET /order_line_items/{id}": kept,
    "PATCH /order_line_items/{id}": { ...kept, "body.amount": [1, 2, 3] },
    "DELETE /order_line_items/{id}": { "path.id": ids.slice(MANY) },
  };
}

async function makeGroupings(waybill: Waybill): Promise<Values> {
  const order = await newOrder(waybill, "api-groupings", 2 * MANY);
  const ids = await linesOf(waybill, order);
  const profile = await waybill.createProfile({ first_name: "Ada", last_name: "Lovelace" });
  const grouping = (reference: string, of: string[] = []) =>
    waybill.createGroupings(order, {
      reference,
      profile_id: profile.id,
      items: of.map((order_line_item_id) => ({ order_line_item_id, quantity: 1 })),
    });
  const [kept, emptied, changed, counted] = [
    await grouping("kept", ids.slice(0, MANY)),
    await grouping("emptied", ids.slice(0, MANY)),
    await grouping("changed"),
    await grouping("counted", ids.slice(0, 1)),
  ];
  const ended = await Promise.all(ids.map((_, index) => grouping(`ended-${index}`)));
  const at = { "path.order": [order] };
  const one = { ...at, "path.grouping": [kept.id] };
  const lines = ids.slice(MANY);
  return {
    "GET /profiles/{id}": { "path.id": [profile.id] },
    "PUT /profiles/{id}": { "path.id": [profile.id] },
    "GET /orders/{order}/groupings": at,
    "POST /orders/{order}/groupings": {
      ...at,
      "body.profile_id": [profile.id],
      "body.[*].profile_id": [profile.id],
    },
    "PUT /orders/{order}/groupings": { ...at, "body.id": [changed.id], "body.[*].id": [changed.id] },
    "GET /orders/{order}/groupings/{grouping}": one,
    "PUT /orders/{order}/groupings/{grouping}": { ...at, "path.grouping": [changed.id] },
    "DELETE /orders/{order}/groupings/{grouping}": { ...at, "path.grouping": ended.map(({ id }) => id) },
    "GET /orders/{order}/groupings/{grouping}/items": one,
    "POST /orders/{order}/groupings/{grouping}/items": {
      ...one,
      "body.order_line_item_id": lines,
      "body.[*].order_line_item_id": lines,
      "body.quantity": [1],
      "body.[*].quantity": [1],
    },
    "GET /orders/{order}/groupings/{grouping}/items/{id}": {
      ...one,
      "path.id": kept.items.map(({ id }) => id),
    },
    "PUT /orders/{order}/groupings/{grouping}/items/{id}": {
      ...at,
      "path.grouping": [counted.id],
      "path.id": [counted.items[0]!.id],
      "body.order_line_item_id": [ids[0]!],
      "body.quantity": [1, 2, 3],
    },
    "DELETE /orders/{order}/groupings/{grouping}/items/{id}": {
      ...at,
      "path.grouping": [emptied.id],
      "path.id": emptied.items.map(({ id }) => id),
    },
  };
}

/** Of an order that was shipped, whose webhooks are on their way. */
async function makeReturns(waybill: Waybill): Promise<Values> {
  const order = await newOrder(waybill, "api-shipped", 1);
  await waybill.shipOrders([{ order_customer_id: "api-shipped" }]);
  const [line] = await linesOf(waybill, order);
  const items = [{ order_line_item_id: line!, quantity: 1 }];
  const returns = await Promise.all(
    Array.from({ length: MANY }, () => waybill.createReturn({ order_id: order, items })),
  );
  const names = await Promise.all(
    Array.from({ length: MANY }, async (_, index) => {
      await newOrder(waybill, `api-moved-${index}`, 1);
      return `api-moved-${index}`;
    }),
  );
  return {
    "GET /returns/{id}": { "path.id": returns.map(({ id }) => id) },
    "POST /returns": {
      "body.order_id": [order],
      "body.items.[*].order_line_item_id": [line!],
      "body.items.[*].quantity": [1],
    },
    "POST /data_factory/rmaEvent": { "body.[*].return_id": returns.map(({ id }) => id) },
    "POST /data_factory/shipOrder": { "body.[*].order_customer_id": names },
    "POST /data_factory/advanceOrder": { "body.[*].order_customer_id": names },
  };
}

async function makeRequests(waybill: Waybill): Promise<Values> {
  const names = ["api-updated", "api-canceled"];
  for (const name of names) await newOrder(waybill, name, 1);
  const updates = await waybill.createOrderUpdateRequests([anOrder(names[0]!, 2)]);
  const cancels = await waybill.createOrderCancelRequests([{ customer_identifier: names[1]! }]);
  const named = { "body.[*].customer_identifier": names };
  return {
    "GET /order_update_requests/{id}": { "path.id": [updates.results[0]!.system_id!] },
    "GET /order_cancel_requests/{id}": { "path.id": [cancels.results[0]!.system_id!] },
    "POST /order_update_requests": named,
    "POST /order_cancel_requests": named,
  };
}

async function makeOrderGroup(waybill: Waybill): Promise<Values> {
  const { id } = await waybill.createOrderGroup(documentExample("002-order-group-request"));
  return { "GET /order_groups/{id}": { "path.id": [id] }, "PUT /order_groups/{id}": { "path.id": [id] } };
}

/** The webhooks of the order that was shipped, once they have arrived, and a replay of them. */
async function deliveriesOf(waybill: Waybill): Promise<Values> {
  const deadline = performance.now() + DELIVERED_WITHIN_MS;
  for (;;) {
    const { data } = await waybill.listCallbackDeliveries({ status: "delivered", limit: MANY });
    const sent = { "path.id": data.map(({ id }) => id) };
    if (data.length > 0) {
      const replay = await waybill.createCallbackReplay({ callback_id: data[0]!.callback_id });
      return {
        "GET /callback_deliveries/{id}": sent,
        "POST /callback_deliveries/{id}/redeliver": sent,
        "GET /callback_replays/{id}": { "path.id": [replay.id] },
      };
    }
    if (performance.now() > deadline) throw new Error("no webhook arrived");
    await delay(AGAIN_MS);
  }
}

async function newOrder(waybill: Waybill, name: string, lines: number): Promise<string> {
  const { results } = await waybill.createOrders([anOrder(name, lines)]);
  return results[0]!.system_id!;
}

function anOrder(customer_identifier: string, lines: number): OrderInput {
  const line = { sku_customer_id: SKU, quantity: 1_000 };
  return { ...example, customer_identifier, line_items: Array.from({ length: lines }, () => line) };
}

async function linesOf(waybill: Waybill, order: string): Promise<string[]> {
  const lines = await waybill.listOrderLineItems(order);
  return lines.map(({ id }) => id);
}
