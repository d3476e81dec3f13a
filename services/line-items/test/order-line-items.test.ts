import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { anOrder, aSku } from "@waybill/dev-env/records.ts";
import { NewOrderLineItem } from "@waybill/proto/line_items/v1/order_line_items.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as("shop"));
});
afterAll(() => network[Symbol.asyncDispose]());

const add = (order: string) =>
  network.orderLineItems.createOrderLineItem(
    {
      order,
      order_line_item: {
        ...NewOrderLineItem.decode(new Uint8Array()),
        sku_customer_id: "shirt",
        amount: 2,
      },
    },
    network.as("shop"),
  );

describe("the lines of an order", () => {
  it("of an order group that had none begin with the first one added, by its storefront_id", async () => {
    const order = anOrder("storefront-77", { line_items: [] });
    const created = { storefront_id: 77, customer_identifier: "storefront-77", order };
    await network.storefront.saveStorefrontOrders({ orders: [created], changes: [] }, network.as("shop"));
    const { order_line_item } = await add("77");
    expect(order_line_item).toMatchObject({ amount: 2, uom_quantity_outstanding: 2, version: 1 });
    const { order: shown } = await network.orders.getOrder({ order: "77" }, network.as("shop"));
    expect(shown!.line_items).toMatchObject([{ id: order_line_item!.id, quantity: 2 }]);
    expect(shown!.references).toEqual(order_line_item!.order!.references);
  });

  it("of another tenant are not there, by any name", async () => {
    const { results } = await network.orders.createOrders({ orders: [anOrder("mine")] }, network.as("shop"));
    const order = results[0]!.system_id!;
    const { order: shown } = await network.orders.getOrder({ order }, network.as("shop"));
    for (const name of [order, String(shown!.order_nr)]) {
      await expect(
        network.orderLineItems.listOrderLineItems({ order: name }, network.as("other")),
      ).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
    }
    const id = shown!.line_items[0]!.id!;
    await expect(network.orderLineItems.getOrderLineItem({ id }, network.as("other"))).rejects.toMatchObject({
      code: "LINE_ITEM_NOT_FOUND",
    });
  });

  it("that are added at the same time are all there, each change one revision", async () => {
    const { results } = await network.orders.createOrders({ orders: [anOrder("busy")] }, network.as("shop"));
    const order = results[0]!.system_id!;
    await Promise.all(Array.from({ length: 10 }, () => add(order)));
    const { order: shown } = await network.orders.getOrder({ order }, network.as("shop"));
    expect(shown).toMatchObject({ lines_revision: 11 });
    expect(shown!.line_items).toHaveLength(11);
  });
});
