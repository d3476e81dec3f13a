import type { TestNetwork } from "../../../test/network.ts";
import { startTestNetwork } from "../../../test/own-network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { ListOrdersRequest } from "@waybill/proto/orders/v1/orders.ts";
import { afterAll, beforeAll, expect, inject, test } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await startTestNetwork(inject("mongodbUrl"), inject("kafkaBrokers"));
});
afterAll(() => network[Symbol.asyncDispose]());

test("orders with very many lines are listed whole, though their lines do not fit one answer of line-items", async () => {
  const as = () => network.as("shop");
  await network.skus.createSkus({ skus: [aSku("shirt")] }, as());
  const names = Array.from({ length: 22 }, (_, index) => `big-${index}`);
  const line_items = Array.from({ length: 500 }, () => aLine("shirt"));
  await network.orders.createOrders({ orders: names.map((name) => anOrder(name, { line_items })) }, as());
  const request = { ...ListOrdersRequest.decode(new Uint8Array()), cid: names };
  const { data } = await network.orders.listOrders(request, as());
  expect(data.map((order) => order.line_items.length)).toEqual(names.map(() => 500));
  const first = await network.lineItems.listLineItems({ order_ids: data.map(({ id }) => id!) }, as());
  expect(first.unanswered).toHaveLength(2);
});
