import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("hat")] }, network.as("shop"));
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const eventsOf = async (order: string) => (await network.orders.listOrderEvents({ order }, as())).data;

async function created(name: string, change = {}): Promise<string> {
  const { results } = await network.orders.createOrders({ orders: [anOrder(name, change)] }, as());
  return results[0]!.system_id!;
}

const parcel = (...shipment_line_items: { sku_customer_id: string; quantity: number }[]) => ({
  shipment_line_items,
});

function advanced(order_customer_id: string, status: string) {
  return network.sandbox.advanceOrders({ orders: [{ order_customer_id, status }] }, as());
}

describe("a warehouse", () => {
  it("takes an order through every status, each move one event without a gap", async () => {
    const order = await created("whole");
    const move = { order, request_id: "r1" };
    await network.fulfillment.acceptOrder(move, as());
    await network.fulfillment.startOrder({ ...move, request_id: "r2", lines: [] }, as());
    await network.fulfillment.packOrder({ ...move, request_id: "r3", lines: [] }, as());
    await network.fulfillment.shipOrder({ ...move, request_id: "r4" }, as());
    const last = await network.fulfillment.deliverOrder(
      { ...move, request_id: "r5", shipment_ids: [] },
      as(),
    );
    expect(last.order).toMatchObject({ status: "delivered", version: 6, allowed_actions: ["return"] });
    const events = await eventsOf(order);
    expect(events.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6]);
    const statuses = events.slice(1).map(({ data }) => JSON.parse(data).status);
    expect(statuses).toEqual(["atWarehouse", "inProcess", "packed", "fulfilled", "delivered"]);
    expect(events.map(({ message_type }) => message_type)).toEqual([
      null,
      ...statuses.map(() => "orderEvent"),
    ]);
  });

  it("that repeats a request id changes nothing and learns where the order stands", async () => {
    const order = await created("repeated");
    const first = await network.fulfillment.acceptOrder({ order, request_id: "same" }, as());
    const again = await network.fulfillment.acceptOrder({ order, request_id: "same" }, as());
    expect(again).toEqual(first);
    expect(await eventsOf(order)).toHaveLength(2);
  });

  it("that uses a request id for another request is told so, and nothing happens", async () => {
    const order = await created("reused", { line_items: [aLine("shirt", 3)] });
    await advanced("reused", "packed");
    const ship = (quantity: number) =>
      network.fulfillment.shipOrder(
        { order, request_id: "s", shipment: parcel({ sku_customer_id: "shirt", quantity }) },
        as(),
      );
    const { order: first } = await ship(1);
    await expect(ship(2)).rejects.toMatchObject({ code: "REQUEST_ID_REUSED" });
    expect((await ship(1)).order).toEqual(first);
  });

  it("ships in parts: each start, pack and ship names the lines of the next shipment", async () => {
    const order = await created("parts", { line_items: [aLine("shirt", 3), aLine("hat", 2)] });
    const move = (request_id: string) => ({ order, request_id });
    await network.fulfillment.acceptOrder(move("a"), as());
    const shirts = [{ sku_customer_id: "shirt", quantity: 3 }];
    await network.fulfillment.startOrder({ ...move("1"), lines: shirts }, as());
    await network.fulfillment.packOrder({ ...move("1"), lines: shirts }, as());
    const early = network.fulfillment.shipOrder(
      { ...move("0"), shipment: parcel({ sku_customer_id: "hat", quantity: 1 }) },
      as(),
    );
    await expect(early).rejects.toMatchObject({
      code: "QUANTITY_EXCEEDED",
      violations: [{ pointer: "/shipment/shipment_line_items/0/quantity" }],
    });
    const { order: partly } = await network.fulfillment.shipOrder(move("1"), as());
    expect(partly).toMatchObject({
      status: "packed",
      substatus: "partially_shipped",
      allowed_actions: ["start", "short", "deliver", "hold", "return"],
      lines: [
        { outstanding: 0, fulfilled: 3 },
        { outstanding: 2, fulfilled: 0 },
      ],
    });
    const [, hat] = partly!.lines;
    await network.fulfillment.startOrder({ ...move("2"), lines: [] }, as());
    const one = [{ order_line_item_id: hat!.id, quantity: 1 }];
    await network.fulfillment.packOrder({ ...move("2"), lines: one }, as());
    await network.fulfillment.shipOrder(move("2"), as());
    const shorts = [{ order_line_item_id: hat!.id, quantity: 1, reason: "damage" }];
    const { order: whole } = await network.fulfillment.shortOrder({ ...move("2"), shorts }, as());
    expect(whole).toMatchObject({ status: "fulfilled", substatus: null });
    const moved = (await eventsOf(order)).flatMap(({ data }) => JSON.parse(data).movements ?? []);
    expect(moved.map(({ kind, quantity }) => [kind, quantity])).toEqual([
      ["fulfilled", 3],
      ["fulfilled", 1],
      ["shorted", 1],
    ]);
  });

  it("holds an order and releases it; meanwhile it is not worked on", async () => {
    const order = await created("held");
    const held = await network.fulfillment.holdOrder({ order, request_id: "h", reason: "address" }, as());
    expect(held.order).toMatchObject({ status: "open", substatus: "on_hold", hold_reason: "address" });
    expect((await network.orders.getOrder({ order }, as())).order).toMatchObject({ substatus: "on_hold" });
    const accepting = network.fulfillment.acceptOrder({ order, request_id: "a" }, as());
    await expect(accepting).rejects.toMatchObject({
      code: "ORDER_ON_HOLD",
      message: expect.stringContaining("allowed now: release"),
    });
    await network.fulfillment.releaseOrder({ order, request_id: "r" }, as());
    const { order: accepted } = await network.fulfillment.acceptOrder({ order, request_id: "a" }, as());
    expect(accepted).toMatchObject({ status: "atWarehouse", substatus: null });
  });

  it("of many that race for one move wins once, and the others are told what is allowed now", async () => {
    const order = await created("raced");
    const racers = Array.from({ length: 8 }, (_, index) =>
      network.fulfillment
        .acceptOrder({ order, request_id: `racer-${index}` }, as())
        .catch((error) => error.code),
    );
    const answers = await Promise.all(racers);
    expect(answers.filter((answer) => answer === "STATUS_FORBIDS")).toHaveLength(7);
    expect(await eventsOf(order)).toHaveLength(2);
  });

  it("finds the lines closed to changes", async () => {
    const order = await created("sealed");
    await network.fulfillment.acceptOrder({ order, request_id: "a" }, as());
    const stored = await network.lineItemsDb
      .collection<{ _id: string; open: boolean }>("order_lines")
      .findOne({ _id: order });
    expect(stored?.open).toBe(false);
  });

  it("learns of an unknown order", async () => {
    const order = "01970000-0000-7000-8000-000000000000";
    const answer = network.fulfillment.startOrder({ order, request_id: "x", lines: [] }, as());
    await expect(answer).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
  });
});

describe("the sandbox", () => {
  it("ships an order with its shorts and number of shipments", async () => {
    const order = await created("boxed", { line_items: [aLine("shirt", 5), aLine("hat", 1)] });
    const request = { orders: [{ order_customer_id: "boxed", shorts: ["hat"], number_of_shipments: 2 }] };
    const { results } = await network.sandbox.shipOrders(request, as());
    expect(results).toMatchObject([{ status: "success", system_id: order }]);
    const { order: shown } = await network.orders.getOrder({ order }, as());
    expect(shown).toMatchObject({
      status: "fulfilled",
      shorts: [{ sku_customer_id: "hat", quantity: 1, reason: "damage" }],
    });
    const parcels = shown!.shipments.map(({ shipment_line_items }) => shipment_line_items);
    expect(parcels).toMatchObject([
      [{ sku_customer_id: "shirt", quantity: 3 }],
      [{ sku_customer_id: "shirt", quantity: 2 }],
    ]);
  });

  it("advances an order to a status, and answers for an unknown one in its place", async () => {
    await created("walked");
    const orders = [
      { order_customer_id: "walked", status: "packed" },
      { order_customer_id: "nobody", status: "packed" },
    ];
    const { results } = await network.sandbox.advanceOrders({ orders }, as());
    expect(results.map(({ status, code }) => [status, code])).toEqual([
      ["success", null],
      ["failure", "ORDER_NOT_FOUND"],
    ]);
    const { data } = await network.orders.listOrders({ id: [], cid: [], status: "packed" }, as());
    expect(data.map(({ customer_identifier }) => customer_identifier)).toContain("walked");
  });

  it("lets a carrier deliver shipments by their tracking numbers, the order with the last", async () => {
    const order = await created("carried", { line_items: [aLine("shirt", 2)] });
    await advanced("carried", "packed");
    for (const tracking_number of ["1z-1", "1z-2"]) {
      const shipment = { tracking_number, ...parcel({ sku_customer_id: "shirt", quantity: 1 }) };
      await network.fulfillment.shipOrder({ order, request_id: tracking_number, shipment }, as());
    }
    const report = (tracking_number: string) =>
      network.sandbox.reportShipmentEvents({ events: [{ tracking_number, event: "delivered" }] }, as());
    expect((await report("1z-1")).results).toMatchObject([{ status: "success", system_id: order }]);
    expect((await network.orders.getOrder({ order }, as())).order?.status).toBe("fulfilled");
    await report("1z-2");
    await report("1z-2");
    expect((await network.orders.getOrder({ order }, as())).order?.status).toBe("delivered");
    expect((await eventsOf(order)).at(-1)?.sequence).toBe(8);
    expect((await report("1z-3")).results).toMatchObject([{ code: "SHIPMENT_NOT_FOUND" }]);
  });

  it("delivers a later shipment of an order too that has the number of one that arrived", async () => {
    const order = await created("same-number", { line_items: [aLine("shirt", 2)] });
    await advanced("same-number", "packed");
    const events = [{ tracking_number: "1z-same", event: "delivered" }];
    for (const shipments of [1, 2]) {
      const shipment = { tracking_number: "1z-same", ...parcel({ sku_customer_id: "shirt", quantity: 1 }) };
      await network.fulfillment.shipOrder({ order, request_id: `ship ${shipments}`, shipment }, as());
      await network.sandbox.reportShipmentEvents({ events }, as());
      await network.sandbox.reportShipmentEvents({ events }, as());
      const { data } = await network.orders.listShipments({ order }, as());
      expect(data.filter(({ delivered_at }) => delivered_at)).toHaveLength(shipments);
    }
    expect((await network.orders.getOrder({ order }, as())).order?.status).toBe("delivered");
  });

  it("lets the warehouse decide returns", async () => {
    const order = await created("rma", { line_items: [aLine("shirt", 2)] });
    await advanced("rma", "delivered");
    const asked = { order_id: order, items: [{ sku_customer_id: "shirt", quantity: 2 }] };
    const { return: opened } = await network.returns.createReturn({ return: asked }, as());
    const items = [{ sku_customer_id: "shirt", quantity: 1 }];
    const event = { return_id: opened!.id!, event: "received", items };
    const events = [event, { ...event, event: "rejected", items: [] }, event];
    const { results } = await network.sandbox.reportReturnEvents({ events }, as());
    expect(results.map(({ system_id, code }) => [system_id, code])).toEqual([
      [opened!.id, null],
      [opened!.id, null],
      [null, "RETURN_CLOSED"],
    ]);
  });

  it("ships 60 orders within 20 seconds", async () => {
    const names = Array.from({ length: 60 }, (_, index) => `many-${index}`);
    await network.orders.createOrders({ orders: names.map((name) => anOrder(name)) }, as());
    const orders = names.map((name) => ({ order_customer_id: name, shorts: [] }));
    const call = { ...as(), deadline: Date.now() + 20_000 };
    const { results } = await network.sandbox.shipOrders({ orders }, call);
    expect(results.filter(({ status }) => status === "success")).toHaveLength(60);
  });
});
