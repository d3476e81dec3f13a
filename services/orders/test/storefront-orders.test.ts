import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, anUpdate, aSku } from "@waybill/dev-env/records.ts";
import { Order } from "@waybill/proto/orders/v1/orders.ts";
import type { SaveStorefrontOrdersRequest } from "@waybill/proto/orders/v1/storefront.ts";
import { Checkout, Storefront } from "@waybill/proto/orders/v1/storefront_fields.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as("shop"));
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const nearlyNothing = Order.decode(new Uint8Array());
const aStorefrontOrder = (storefront_id: number, order: Partial<Order> = {}) => ({
  storefront_id,
  customer_identifier: `storefront-${storefront_id}`,
  order: { ...nearlyNothing, ...order },
});
const create = (...orders: ReturnType<typeof aStorefrontOrder>[]) =>
  network.storefront.saveStorefrontOrders({ orders, changes: [] }, as());

describe("an order of an order group", () => {
  it("is a real order, however little is known of it, and is found by each of its three names", async () => {
    const { results } = await create(aStorefrontOrder(6823));
    const { order } = await network.orders.getOrder({ order: results[0]!.system_id! }, as());
    expect(order).toMatchObject({
      storefront_id: 6823,
      order_type: "storefront",
      customer_identifier: "storefront-6823",
      status: "open",
      line_items: [],
      shipping_address_name: null,
    });
    expect(order!.order_nr).toBeGreaterThanOrEqual(1_000_000_000);
    for (const name of ["6823", String(order!.order_nr)])
      expect((await network.orders.getOrder({ order: name }, as())).order).toEqual(order);
  });

  it("is not accepted by a warehouse before it has a line", async () => {
    await create(aStorefrontOrder(11));
    const accepted = network.fulfillment.acceptOrder({ order: "11", request_id: "a" }, as());
    const message = "the order is open and has no lines: accept is not allowed; allowed now: hold";
    await expect(accepted).rejects.toMatchObject({ code: "NO_LINES", message });
    const { order } = await network.orders.getOrder({ order: "11" }, as());
    expect(order!.allowed_actions).toEqual(["hold", "update", "cancel"]);
  });

  it("may come with lines, and a repeat answers the same", async () => {
    const wish = () => aStorefrontOrder(12, { line_items: [aLine("shirt", 2)] });
    const first = await create(wish());
    expect(await create(wish())).toEqual(first);
    const { order } = await network.orders.getOrder({ order: "12" }, as());
    expect(order!.line_items).toMatchObject([{ sku_customer_id: "shirt", quantity: 2 }]);
  });

  it("fails together with the others of its group", async () => {
    await create(aStorefrontOrder(20));
    const taken = aStorefrontOrder(20, { gift_message: "another" });
    const bad = aStorefrontOrder(22, { shipping_address_country_code: "XX" });
    const { results } = await create(aStorefrontOrder(21), taken, bad);
    expect(results.map(({ code }) => code)).toEqual(["ATOMIC_ABORTED", "DUPLICATE_ORDER", "BAD_FORMAT"]);
    await expect(network.orders.getOrder({ order: "21" }, as())).rejects.toMatchObject({
      code: "ORDER_NOT_FOUND",
    });
  });

  it.each([0, 1_000_000_000])("is refused under the number %s", async (storefront_id) => {
    const { results } = await create(aStorefrontOrder(storefront_id));
    expect(results).toMatchObject([{ status: "failure", pointer: "/storefront_id" }]);
  });

  it("of one tenant is nothing to another, and no order has a storefront_id otherwise", async () => {
    const there = { orders: [aStorefrontOrder(30)], changes: [] };
    await network.storefront.saveStorefrontOrders(there, network.as("other"));
    const here = await create(aStorefrontOrder(30));
    expect(here.records_succeeded).toBe(1);
    const plain = await network.orders.createOrders({ orders: [anOrder("p1"), anOrder("p2")] }, as());
    expect(plain.records_succeeded).toBe(2);
  });
});

describe("the storefront's fields of an order", () => {
  const storefront = (notes: string) => ({
    ...Storefront.decode(new Uint8Array()),
    order_group_id: 5,
    checkout: {
      ...Checkout.decode(new Uint8Array()),
      notes,
      address: { street: "Sint-Denijslaan", nr: "96", zipcode: "9000", city: "Gent", country: "BE" },
    },
  });
  const save = (orders: object[], changes: object[] = []) =>
    network.storefront.saveStorefrontOrders({ orders, changes } as SaveStorefrontOrdersRequest, as());
  const read = async (order: string) => (await network.orders.getOrder({ order }, as())).order!;

  it("give it its address, and change with others all or none while it is open", async () => {
    const [first, second] = [40, 41].map((id) => ({
      ...aStorefrontOrder(id, { line_items: [aLine("shirt")] }),
      storefront: storefront("a"),
    }));
    const { results } = await save([first!, second!]);
    const [open, accepted] = results.map(({ system_id }) => system_id!);
    expect(await read(open!)).toMatchObject({
      storefront: { checkout: { notes: "a" } },
      shipping_address_street_line_one: "Sint-Denijslaan 96",
      shipping_address_country_code: "BE",
    });
    await network.fulfillment.acceptOrder({ order: accepted!, request_id: "a" }, as());
    const change = (order_id: string, notes: string) => ({ order_id, storefront: storefront(notes) });
    const third = { ...aStorefrontOrder(42), storefront: storefront("a") };
    const refused = save([third], [change(open!, "b"), change(accepted!, "b")]);
    await expect(refused).rejects.toMatchObject({
      code: "STATUS_FORBIDS",
      violations: [{ pointer: "/changes/1/order_id" }],
    });
    await expect(read("42")).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
    await save([third], [change(open!, "b"), change(accepted!, "a")]);
    expect((await read(open!)).storefront).toMatchObject({ checkout: { notes: "b" } });
    expect(await read("42")).toMatchObject({ storefront_id: 42 });
  });

  it("outlive an update request, and so does its type, by which storefronts know it", async () => {
    const { results } = await save([{ ...aStorefrontOrder(45), storefront: storefront("a") }]);
    const order_id = results[0]!.system_id!;
    const record = anUpdate("storefront-45", { order_type: "customer", gift_message: "new" });
    await network.requests.createOrderUpdateRequests({ requests: [record] }, as());
    await expect
      .poll(() => read(order_id))
      .toMatchObject({
        gift_message: "new",
        order_type: "storefront",
        storefront: { order_group_id: 5, checkout: { notes: "a" } },
        substatus: null,
      });
    const found = await network.storefront.findStorefrontOrders({ order_ids: [order_id] }, as());
    expect(found.orders).toMatchObject([
      { id: order_id, storefront_id: 45, storefront: { order_group_id: 5 } },
    ]);
  });

  it("hold where its payment stands, which goes forward only", async () => {
    const { results } = await save([{ ...aStorefrontOrder(50), storefront: storefront("a") }]);
    const order_id = results[0]!.system_id!;
    const record = (payment_status: string) =>
      network.storefront.recordStorefrontPayment({ order_id, payment_status }, as());
    expect((await record("paid")).order).toMatchObject({ storefront: { payment_status: "paid" } });
    const { version } = await read(order_id);
    await record("paid");
    expect(await read(order_id)).toMatchObject({ version });
    await expect(record("pending")).rejects.toMatchObject({ code: "PAYMENT_FORBIDS" });
  });
});
