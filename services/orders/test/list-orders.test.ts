import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { DomainError, unavailable } from "@waybill/errors/domain-error.ts";
import { aLine, anOrder, anUpdate, aSku } from "@waybill/dev-env/records.ts";
import { ListOrdersRequest } from "@waybill/proto/orders/v1/orders.ts";
import { countOrders, findPage, positionOf, type OrderFilter } from "@waybill/orders/order-list.ts";
import {
  findEventRows,
  findByCustomerIdentifiers,
  findOrder,
  findOrdersBy,
  findShipped,
} from "@waybill/orders/store.ts";
import type { OrderDocument } from "@waybill/orders/order.ts";
import { planOf, unindexed } from "./plans.ts";
import { readOrders, withLines, withTotals } from "@waybill/orders/order-with-lines.ts";
import { summaryView } from "@waybill/orders/order-view.ts";
import type { OutboxRow } from "@waybill/events/outbox.ts";
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";

const ORDERS = 60;
let network: TestNetwork;
let ids: string[];
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt")] }, as());
  // Half of them in calls of their own, half in one call, which share their time.
  const names = Array.from({ length: ORDERS }, (_, index) => `n${index}`);
  ids = await create(...names.slice(ORDERS / 2).map((name) => anOrder(name)));
  for (const name of names.slice(0, ORDERS / 2)) ids.push(...(await create(anOrder(name))));
  for (const order of ids.slice(0, 10))
    await network.fulfillment.acceptOrder({ order, request_id: "a" }, as());
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const none = ListOrdersRequest.decode(new Uint8Array());
const list = (request: Partial<ListOrdersRequest> = {}) =>
  network.orders.listOrders({ ...none, ...request }, as());

async function create(...orders: ReturnType<typeof anOrder>[]): Promise<string[]> {
  const { results } = await network.orders.createOrders({ orders }, as());
  return results.map(({ system_id }) => system_id!);
}

/** Every order of the list, page by page. */
async function walk(request: Partial<ListOrdersRequest>) {
  const pages = [];
  for (let cursor: string | null = null; ;) {
    const page = await list({ ...request, cursor });
    pages.push(page.data);
    if (page.next_cursor === null) return pages;
    cursor = page.next_cursor!;
  }
}

describe("the list of orders", () => {
  it.each([
    ["the last updated first", {}],
    ["the last updated last", { sort: "updated_at" }],
    ["of one status", { status: "atWarehouse" }],
    ["of orders that are named", { sort: "updated_at", cid: ["n1", "n2", "n3", "n40", "n41", "n42", "n43"] }],
  ])("%s is the same whole by cursor, by offset and at once", async (_, request) => {
    const whole = (await list({ ...request, limit: 100 })).data;
    const byCursor = await walk({ ...request, limit: 7 });
    expect(byCursor.flat()).toEqual(whole);
    expect(byCursor.slice(0, -1).every((page) => page.length === 7)).toBe(true);
    const offsets = byCursor.map((_page, index) => index * 7);
    const byOffset = await Promise.all(offsets.map((offset) => list({ ...request, limit: 7, offset })));
    expect(byOffset.flatMap(({ data }) => data)).toEqual(whole);
    const times = whole.map(({ updated_at, id }) => `${updated_at} ${id}`);
    const sorted = times.toSorted();
    expect(times).toEqual("sort" in request ? sorted : sorted.toReversed());
  });

  it("by sort=updated_at misses no order that changes during the walk", async () => {
    const [first, ...rest] = await create(...["w1", "w2", "w3"].map((name) => anOrder(name)));
    const cid = ["w1", "w2", "w3"];
    const { data, next_cursor } = await list({ cid, sort: "updated_at", limit: 1 });
    const seen = data.map(({ id }) => id);
    await network.fulfillment.acceptOrder({ order: rest[0]!, request_id: "a" }, as());
    const later = await list({ cid, sort: "updated_at", cursor: next_cursor! });
    expect(new Set([...seen, ...later.data.map(({ id }) => id)])).toEqual(new Set([first, ...rest]));
  });

  it("counts what the filters let through, if it is asked to", async () => {
    const accepted = await list({ status: "atWarehouse", cid: ["n30", "n31", "n0"], include_counts: true });
    expect(accepted).toMatchObject({ include_counts: true, total: 2 });
    const whole = await list({ limit: 1, include_counts: true, edt: "2100-01-01T00:00:00Z" });
    expect(whole.total).toBeGreaterThanOrEqual(ORDERS);
    expect(await list({ limit: 1 })).toMatchObject({ include_counts: false, total: null });
  });

  it("from sdt on and before edt: windows that touch share no order", async () => {
    const all = (await list({ limit: 100, sort: "updated_at" })).data;
    const middle = all[40]!.updated_at!;
    const before = (await list({ limit: 100, sort: "updated_at", edt: middle })).data;
    const after = (await list({ limit: 100, sort: "updated_at", sdt: middle })).data;
    expect([...before, ...after]).toEqual(all);
    expect(after[0]!.updated_at).toBe(middle);
  });

  it.each([
    ["a window without length", { sdt: "2020-01-01T00:00:00Z", edt: "2020-01-01T00:00:00Z" }, "/edt"],
    ["a cursor of the other direction", { sort: "updated_at", cursor: "other" }, "/cursor"],
  ])("refuses %s and names the parameter", async (_, request, pointer) => {
    const { next_cursor } = await list({ limit: 1 });
    const cursor = "cursor" in request ? next_cursor! : null;
    await expect(list({ ...request, cursor })).rejects.toMatchObject({
      code: "INVALID_REQUEST",
      violations: [{ pointer }],
    });
  });
});

describe("every filter of the list", () => {
  const anyTime = { updatedFrom: "2018-01-01T00:00:00.000Z", updatedBefore: "2100-01-01T00:00:00.000Z" };
  const whole = {
    ids: [],
    customerIdentifiers: [],
    status: null,
    updatedFrom: null,
    updatedBefore: null,
  };
  const filterOf = (filter: Partial<OrderFilter>): OrderFilter => {
    return { tenantId: network.tenant("shop"), ...whole, ...filter };
  };
  const filters: [string, () => Partial<OrderFilter>][] = [
    ["none", () => ({})],
    ["ids", () => ({ ids: ids.slice(0, 30) })],
    ["identifiers", () => ({ customerIdentifiers: ["n1", "n2", "n3"] })],
    ["ids, identifiers and status", () => ({ ids, customerIdentifiers: ["n1"], status: "open" })],
    ["status", () => ({ status: "open" })],
    ["time", () => anyTime],
    ["since", () => ({ ...anyTime, updatedBefore: null })],
    ["until", () => ({ ...anyTime, updatedFrom: null })],
    ["ids and time", () => ({ ...anyTime, ids: ids.slice(0, 30) })],
    ["ids and status", () => ({ ids: ids.slice(20, 40), status: "open" })],
    ["status and time", () => ({ ...anyTime, status: "open" })],
    ["identifiers and time", () => ({ ...anyTime, customerIdentifiers: ["n1", "n2"] })],
  ];
  const pages = filters.flatMap(([name, filter]) =>
    [true, false].flatMap((ascending) =>
      [true, false].map((continued) => ({ name, filter, ascending, continued })),
    ),
  );

  it.each(pages)(
    "$name (ascending: $ascending, continued: $continued) is answered by an index in its order",
    async ({ filter, ascending, continued }) => {
      const orders = network.ordersDb.collection<OrderDocument>("orders");
      const middle = await orders.findOne({ tenant_id: network.tenant("shop"), customer_identifier: "n45" });
      const page = { ascending, after: continued ? positionOf(middle!) : null, offset: 0, limit: 5 };
      const asked = filterOf(filter());
      const { stages, found, docs, keys } = planOf(
        await findPage(orders, asked, page).explain("executionStats"),
      );
      expect(stages).not.toEqual(unindexed);
      expect(found).toBeGreaterThan(0);
      const named = asked.ids.length + asked.customerIdentifiers.length;
      expect(docs).toBeLessThanOrEqual(named || page.limit);
      expect(keys).toBeLessThanOrEqual(2 * (named || page.limit) + 2);
    },
  );

  it.each(filters)(
    "%s is counted by an index, which has all that it takes unless orders are named",
    async (_, filter) => {
      const orders = network.ordersDb.collection<OrderDocument>("orders");
      const asked = filterOf(filter());
      const { stages, docs } = planOf(await countOrders(orders, asked).explain("executionStats"));
      expect(stages).toContain("IXSCAN");
      expect(stages).not.toEqual(unindexed);
      const named = asked.ids.length + asked.customerIdentifiers.length;
      if (named === 0) expect(stages).not.toContain("FETCH");
      expect(docs).toBeLessThanOrEqual(named);
    },
  );
});

describe("an order is found by an index", () => {
  const orders = () => network.ordersDb.collection<OrderDocument>("orders");
  const tenant = () => network.tenant("shop");
  const order = async () => (await orders().findOne({ tenant_id: tenant(), customer_identifier: "n1" }))!;

  it.each([
    ["its id", async () => findOrder(orders(), tenant(), (await order())._id), null],
    [
      "its order_nr",
      async () => findOrder(orders(), tenant(), String((await order()).order_nr)),
      "by_order_nr",
    ],
    ["ids", async () => findOrdersBy(orders(), tenant(), "_id", ids.slice(0, 3)), "_id_"],
    ["order_nrs", async () => findOrdersBy(orders(), tenant(), "order_nr", [1, 2]), "by_order_nr"],
    [
      "storefront_ids",
      async () => findOrdersBy(orders(), tenant(), "storefront_id", [1, 2]),
      "by_storefront_id",
    ],
    ["0, which is no order's name", async () => findOrder(orders(), tenant(), "0"), "_id_"],
    ["its storefront_id", async () => findOrder(orders(), tenant(), "6823"), "by_storefront_id"],
    [
      "customer_identifiers",
      async () => findByCustomerIdentifiers(orders(), tenant(), ["n1", "n2", "n3"]),
      "by_customer_identifier",
    ],
    ["a tracking number", async () => findShipped(orders(), tenant(), "1z"), "by_tracking_number"],
  ])("by %s", async (_, query, index) => {
    const { stages, indexes, docs, found } = planOf(await (await query()).explain("executionStats"));
    expect(stages).not.toEqual(unindexed);
    if (index !== null) expect(indexes).toEqual([index]);
    expect(docs).toBe(found);
  });

  it("and so are its events, from a sequence on", async () => {
    const outbox = network.ordersDb.collection<OutboxRow>("outbox");
    const query = findEventRows(outbox, tenant(), ids.at(0)!, 1).limit(5);
    const { stages, indexes, docs, found } = planOf(await query.explain("executionStats"));
    expect(stages).not.toEqual(unindexed);
    expect([indexes, docs]).toEqual([["by_aggregate"], found]);
    expect(found).toBeGreaterThan(0);
  });
});

describe("a reader of an order that is updated meanwhile", () => {
  it("gets fields and lines or totals of one moment, never old fields with new lines", async () => {
    const [order] = await create(anOrder("u1", { gift_message: "1" }));
    const collection = network.ordersDb.collection<OrderDocument>("orders");
    const outbox = network.ordersDb.collection<OutboxRow>("outbox");
    const context = { orders: { client: network.client, collection, outbox }, lineItems: network.lineItems };
    const before = await collection.findOne({ _id: order! });
    const update = anUpdate("u1", { gift_message: "2", line_items: [aLine("shirt", 2)] });
    await network.requests.createOrderUpdateRequests({ requests: [update] }, as());
    await vi.waitUntil(async () => (await list({ cid: ["u1"] })).data[0]?.gift_message === "2", 20_000);
    const [read] = await withLines(context, [before!], as());
    expect([read!.document.gift_message, read!.lines.line_items[0]!.quantity]).toEqual(["2", 2]);
    const [counted] = await withTotals(context, [before!], as());
    expect([counted!.document.version, counted!.totals.total_quantity]).toEqual([read!.document.version, 2]);
  });
});

describe("of orders that are read together", () => {
  it("one that changes each time is refused alone", async () => {
    const [hot, calm] = await create(anOrder("hot"), anOrder("calm"));
    const read = await readTogether([hot!, calm!, "nowhere"], async (request, call) => {
      await orders().updateOne({ _id: hot! }, { $inc: { version: 1 } });
      return network.lineItems.listLineItems(request, call);
    });
    expect(read).toEqual(["DEPENDENCY_UNAVAILABLE", calm, "ORDER_NOT_FOUND"]);
  });

  it("those that are there are refused while line-items is down, and one that is not is not found", async () => {
    const [order] = await create(anOrder("alone"));
    const read = await readTogether([order!, "nowhere"], () => Promise.reject(unavailable("down")));
    expect(read).toEqual(["DEPENDENCY_UNAVAILABLE", "ORDER_NOT_FOUND"]);
  });

  it("one that nobody waits for any more is not read", async () => {
    const late = { ...as(), deadline: Date.now() - 1 };
    const named = [
      { name: ids[0]!, call: late },
      { name: ids[1]!, call: as() },
    ];
    const read = await readOrders(
      contextWith(network.lineItems.listLineItems),
      network.tenant("shop"),
      named,
    );
    expect(read).toMatchObject([{ code: "DEADLINE_EXCEEDED" }, { document: { _id: ids[1] } }]);
  });

  const orders = () => network.ordersDb.collection<OrderDocument>("orders");

  function contextWith(listLineItems: TestNetwork["lineItems"]["listLineItems"]) {
    const outbox = network.ordersDb.collection<OutboxRow>("outbox");
    const store = { client: network.client, collection: orders(), outbox };
    return { orders: store, lineItems: { ...network.lineItems, listLineItems } };
  }

  async function readTogether(
    names: string[],
    listLineItems: TestNetwork["lineItems"]["listLineItems"],
  ): Promise<unknown[]> {
    const named = names.map((name) => ({ name, call: as() }));
    const read = await readOrders(contextWith(listLineItems), network.tenant("shop"), named);
    return read.map((one) => (one instanceof DomainError ? one.code : one.document._id));
  }
});

describe("a summary", () => {
  const totals = async (name: string) => {
    const { data, summaries } = await list({ cid: [name], list_type: "summary" });
    expect(data).toEqual([]);
    return summaries.map(({ status, line_items_count, total_quantity }) => ({
      status,
      line_items_count,
      total_quantity,
    }));
  };

  it("has the lines' totals, whoever counts them", async () => {
    const [order] = await create(anOrder("s1", { line_items: [aLine("shirt", 3), aLine("shirt", 4)] }));
    expect(await totals("s1")).toEqual([{ status: "open", line_items_count: 2, total_quantity: 7 }]);
    const other = { ...aLine("shirt", 5) };
    const change = { order_id: order!, request_id: "r", line_items: [other] };
    await network.lineItems.replaceLines(change, as());
    expect(await totals("s1")).toEqual([{ status: "open", line_items_count: 1, total_quantity: 5 }]);
    await network.fulfillment.acceptOrder({ order: order!, request_id: "a" }, as());
    expect(await totals("s1")).toEqual([{ status: "atWarehouse", line_items_count: 1, total_quantity: 5 }]);
  });

  it("says of an order what the order itself says, wherever it stands", async () => {
    const cid = ["s2", "s3", "s4"];
    const two = { line_items: [aLine("shirt", 3), aLine("shirt", 4)] };
    const [, held, parted] = await create(...cid.map((name) => anOrder(name, two)));
    await network.fulfillment.holdOrder({ order: held!, request_id: "h" }, as());
    await network.sandbox.advanceOrders({ orders: [{ order_customer_id: "s4", status: "packed" }] }, as());
    const shipment = { shipment_line_items: [{ sku_customer_id: "shirt", quantity: 3 }] };
    await network.fulfillment.shipOrder({ order: parted!, request_id: "s", shipment }, as());
    const { data } = await list({ cid });
    const { summaries } = await list({ cid, list_type: "summary" });
    expect(summaries).toMatchObject([
      { status: "packed", substatus: "partially_shipped", has_shipments: true },
      { status: "open", substatus: "on_hold", has_shipments: false },
      { status: "open", substatus: null, has_shipments: false },
    ]);
    const totals = { line_items_count: 2, total_quantity: 7 };
    for (const [
      index,
      { line_items_count, total_quantity, has_shipments, ...fields },
    ] of summaries.entries()) {
      expect(data[index]).toMatchObject(fields);
      expect(has_shipments).toBe(data[index]!.shipments.length > 0);
      expect({ line_items_count, total_quantity }).toEqual(totals);
    }
  });

  it("of an order that was stored before it had all of today's fields is like any other", async () => {
    const [order] = await create(anOrder("s5"));
    const before = await list({ cid: ["s5"], list_type: "summary" });
    const orders = network.ordersDb.collection<OrderDocument>("orders");
    const newer = { changing: "", hold: "", backordered: "", line_counts: "", shipments: "" } as const;
    await orders.updateOne({ _id: order! }, { $unset: newer });
    const after = await list({ cid: ["s5"], list_type: "summary" });
    expect(after).toEqual(before);
    expect(after.summaries).toMatchObject([{ substatus: null, has_shipments: false, total_quantity: 1 }]);
  });

  it("reads of lines and shipments no more than it counts", async () => {
    const [order] = await create(anOrder("s6"));
    await network.sandbox.shipOrders({ orders: [{ order_customer_id: "s6", shorts: [] }] }, as());
    const orders = network.ordersDb.collection<OrderDocument>("orders");
    const found = await orders
      .find({ _id: order! })
      .project<Partial<OrderDocument>>(summaryView.projection)
      .next();
    expect(found).not.toHaveProperty("requests");
    expect(found!.line_counts).toEqual([{ ordered: 1, outstanding: 0, fulfilled: 1 }]);
    expect(found!.shipments).toEqual([{ shipment_id: expect.any(String) }]);
  });
});

describe("an order", () => {
  it("shows what can be done with it, and the numbers of its ETag", async () => {
    const [id] = await create(anOrder("e1"));
    const { order } = await network.orders.getOrder({ order: id! }, as());
    expect(order).toMatchObject({ version: 1, lines_revision: 1 });
    expect(order!.allowed_actions).toEqual(expect.arrayContaining(["accept", "update", "cancel"]));
  });

  it("is read alone by each of many calls at once, by any of its names, and one that is not there fails alone", async () => {
    const names = await create(...["r1", "r2", "r3"].map((name) => anOrder(name)));
    const { order: second } = await network.orders.getOrder({ order: names[1]! }, as());
    const read = (order: string) => network.orders.getOrder({ order }, as());
    const asked = [names[0]!, String(second!.order_nr), "nowhere", names[2]!.toUpperCase(), names[0]!, "7"];
    const answers = await Promise.allSettled(asked.map(read));
    const told = answers.map((answer) =>
      answer.status === "fulfilled" ? answer.value.order!.id : answer.reason.code,
    );
    const missing = "ORDER_NOT_FOUND";
    expect(told).toEqual([names[0], names[1], missing, names[2], names[0], missing]);
  });

  it("shows its shipments and shorts by themselves", async () => {
    const [order] = await create(anOrder("e2", { line_items: [aLine("shirt", 3)] }));
    expect(await network.orders.listShipments({ order: order! }, as())).toEqual({ data: [], shorts: [] });
    await network.sandbox.shipOrders({ orders: [{ order_customer_id: "e2", shorts: [] }] }, as());
    const { data } = await network.orders.listShipments({ order: order! }, as());
    expect(data).toMatchObject([{ shipment_line_items: [{ sku_customer_id: "shirt", quantity: 3 }] }]);
    await expect(network.orders.listShipments({ order: "x" }, as())).rejects.toMatchObject({
      code: "ORDER_NOT_FOUND",
    });
  });
});
