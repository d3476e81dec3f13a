import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { Shipment, ShipmentLineItem } from "@waybill/proto/orders/v1/fulfillment.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { GroupingsDocument } from "../src/grouping.ts";
import type { SkuReleaseDocument } from "../src/release.ts";
import { aGrouping, anItem } from "./records.ts";

let network: TestNetwork;
let profile_id: number;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  const paper = aSku("paper", { unit: "pallet", base_unit: "sheet", base_units_per_unit: 8_500 });
  await network.skus.createSkus({ skus: [aSku("shirt"), aSku("hat"), paper] }, as());
  const ada = { first_name: "Ada", last_name: "Lovelace" };
  profile_id = (await network.profiles.createProfile({ profile: ada }, as())).profile!.id!;
});
afterAll(() => network[Symbol.asyncDispose]());

const as = () => network.as("shop");
const nothing = new Uint8Array();

let orders = 0;
async function created(...line_items: LineItem[]) {
  const name = `order-${(orders += 1)}`;
  const { results } = await network.orders.createOrders({ orders: [anOrder(name, { line_items })] }, as());
  const { order } = await network.orders.getOrder({ order: results[0]!.system_id }, as());
  return { id: order!.id!, order_nr: order!.order_nr!, lines: order!.line_items.map(({ id }) => id!) };
}

const create = async (order: string, ...groupings: ReturnType<typeof aGrouping>[]) =>
  (await network.groupings.createGroupings({ order, groupings }, as())).groupings;
const list = async (order: string, consistency = "eventual") =>
  (await network.groupings.listGroupings({ order, consistency }, as())).groupings;

const documents = () => network.groupingsDb.collection<GroupingsDocument>("groupings");

async function told(order: string): Promise<{ type: string; data: Record<string, unknown> }[]> {
  const rows = await network.groupingsDb.collection("outbox").find({ aggregate_id: order }).toArray();
  return rows
    .toSorted((a, b) => a["sequence"] - b["sequence"])
    .map(({ type, data }) => ({ type: type.split(".").at(-2), data: JSON.parse(data) }));
}

describe("a grouping", () => {
  it("has units of the order's lines, counted in the unit ordered and in base units", async () => {
    const { id, lines } = await created(aLine("paper", 3), aLine("shirt", 2));
    const items = [anItem(2, { sku_customer_id: "paper" }), anItem(1, { order_line_item_id: lines[1]! })];
    const [grouping] = await create(id, aGrouping("friends", profile_id, items));
    expect(grouping).toMatchObject({
      reference: "friends",
      profile_id,
      first_name: "Ada",
      last_name: "Lovelace",
      full_name: "Ada Lovelace",
      has_prerelease: false,
      has_released: true,
      release_at: null,
      quantity_ordered: 17_001,
      quantity_outstanding: 17_001,
      quantity_fulfilled: 0,
      quantity_returned: 0,
      quantity_returning: 0,
      uom_quantity_ordered: 3,
      uom_quantity_outstanding: 3,
      version: 1,
      items: [
        {
          order_line_item_id: lines[0],
          quantity_ordered: 17_000,
          uom_quantity_ordered: 2,
          is_released: true,
        },
        { sku_customer_id: "shirt", quantity_ordered: 1, uom_quantity_ordered: 1, is_prerelease: false },
      ],
    });
    expect(grouping!.system_reference).toMatch(/^COG\/[A-Z0-9]{6}$/);
  });

  it("is found by the order's UUID and order_nr, in order of creation", async () => {
    const { id, order_nr } = await created(aLine("shirt"));
    await create(id, aGrouping("b", profile_id), aGrouping("a", profile_id));
    await create(String(order_nr), aGrouping("c", profile_id));
    const references = async (name: string) => (await list(name)).map(({ reference }) => reference);
    expect(await references(String(order_nr))).toEqual(["b", "a", "c"]);
    expect(await references(id.toUpperCase())).toEqual(["b", "a", "c"]);
  });

  it("of an order without any is none; of an unknown order refused", async () => {
    const { id } = await created(aLine("shirt"));
    expect(await list(id)).toEqual([]);
    for (const unknown of ["01970000-0000-7000-8000-000000000000", "999999999999", "7"])
      await expect(list(unknown)).rejects.toMatchObject({ code: "ORDER_NOT_FOUND" });
    const grouping = { order: id, grouping: 1 };
    await expect(network.groupings.getGrouping(grouping, as())).rejects.toMatchObject({
      code: "GROUPING_NOT_FOUND",
    });
  });
});

describe("what cannot be is refused at its place", () => {
  it.each([
    ["an unknown profile", [], 99, "PROFILE_NOT_FOUND", "/groupings/0/profile_id"],
    ["a reference of 201 characters", [], 1, "OUT_OF_RANGE", "/groupings/0/reference", "x".repeat(201)],
    [
      "a SKU that the order does not have",
      [anItem(1, { sku_customer_id: "hat" })],
      1,
      "LINE_NOT_FOUND",
      "/groupings/0/items/0/sku_customer_id",
    ],
    ["no line", [anItem(1)], 1, "REQUIRED", "/groupings/0/items/0/order_line_item_id"],
    [
      "a SKU of two lines",
      [anItem(1, { sku_customer_id: "shirt" })],
      1,
      "LINE_AMBIGUOUS",
      "/groupings/0/items/0/sku_customer_id",
    ],
    [
      "more than the line",
      [anItem(4, { sku_customer_id: "paper" })],
      1,
      "LINE_OVERASSIGNED",
      "/groupings/0/items/0/quantity",
    ],
    [
      "a line twice",
      [anItem(1, { sku_customer_id: "paper" }), anItem(1, { sku_customer_id: "paper" })],
      1,
      "LINE_NAMED_TWICE",
      "/groupings/0/items/1",
    ],
  ])("%s", async (_, items, profile, code, pointer, reference = "r") => {
    const { id } = await created(aLine("paper", 3), aLine("shirt"), aLine("shirt"));
    const answer = create(id, aGrouping(reference, profile, items));
    await expect(answer).rejects.toMatchObject({ code: "INVALID_REQUEST", violations: [{ code, pointer }] });
    expect(await list(id)).toEqual([]);
  });

  it("a line of another order", async () => {
    const [mine, other] = [await created(aLine("shirt")), await created(aLine("shirt"))];
    const items = [anItem(1, { order_line_item_id: other.lines[0]! })];
    await expect(create(mine.id, aGrouping("r", profile_id, items))).rejects.toMatchObject({
      violations: [{ code: "LINE_NOT_FOUND", pointer: "/groupings/0/items/0/order_line_item_id" }],
    });
  });

  it("a reference that another grouping of the order has", async () => {
    const { id } = await created(aLine("shirt"));
    await create(id, aGrouping("taken", profile_id));
    const answer = create(id, aGrouping("free", profile_id), aGrouping("taken", profile_id));
    await expect(answer).rejects.toMatchObject({
      code: "DUPLICATE_REFERENCE",
      violations: [{ pointer: "/groupings/1/reference" }],
    });
    expect(await list(id)).toHaveLength(1);
  });
});

describe("groupings that share a line", () => {
  it("never have more than it together, though they are written at the same time", async () => {
    const { id } = await created(aLine("shirt", 4));
    const items = [anItem(1, { sku_customer_id: "shirt" })];
    const writers = Array.from({ length: 8 }, (_, index) =>
      create(id, aGrouping(`writer-${index}`, profile_id, items)).then(
        () => "ok",
        (error: { violations: { code: string }[] }) => error.violations[0]?.code,
      ),
    );
    const answers = await Promise.all(writers);
    expect(answers.filter((answer) => answer === "ok")).toHaveLength(4);
    expect(answers.filter((answer) => answer === "LINE_OVERASSIGNED")).toHaveLength(4);
    expect((await list(id)).map(({ uom_quantity_ordered }) => uom_quantity_ordered)).toEqual([1, 1, 1, 1]);
  });
});

describe("an update", () => {
  it("names its grouping by id or reference; items that are not sent stay, a list replaces them", async () => {
    const { id } = await created(aLine("shirt", 4), aLine("hat", 4));
    const [shirt, hat] = ["shirt", "hat"].map((sku_customer_id) => anItem(1, { sku_customer_id }));
    const [a, b] = await create(
      id,
      aGrouping("a", profile_id, [shirt!]),
      aGrouping("b", profile_id, [shirt!]),
    );
    const changes = [
      { id: a!.id!, reference: "renamed", items: [], update_mask: ["reference"] },
      {
        id: null,
        reference: "b",
        items: [{ ...shirt!, quantity: 2 }, hat!],
        update_mask: ["reference", "items"],
      },
    ];
    const { groupings } = await network.groupings.updateGroupings({ order: id, changes }, as());
    expect(groupings).toMatchObject([
      { id: a!.id, reference: "renamed", version: 2, items: [{ id: a!.items[0]!.id, quantity: 1 }] },
      { id: b!.id, version: 2, items: [{ id: b!.items[0]!.id, quantity: 2 }, { sku_customer_id: "hat" }] },
    ]);
    const none = [{ id: b!.id!, reference: "b", items: [], update_mask: ["reference", "items"] }];
    const emptied = await network.groupings.updateGroupings({ order: id, changes: none }, as());
    expect(emptied.groupings).toMatchObject([{ items: [], uom_quantity_ordered: 0, version: 3 }]);
    const again = await network.groupings.updateGroupings({ order: id, changes: none }, as());
    expect(again.groupings).toMatchObject([{ version: 3 }]);
  });

  it("is refused whole when If-Match names another state, or it names no grouping", async () => {
    const { id } = await created(aLine("shirt"));
    const [grouping] = await create(id, aGrouping("a", profile_id));
    const change = {
      order: id,
      grouping: grouping!.id!,
      reference: "b",
      items: [],
      update_mask: ["reference"],
    };
    const stale = network.groupings.updateGrouping({ ...change, if_match: '"7"' }, as());
    await expect(stale).rejects.toMatchObject({ code: "PRECONDITION_FAILED" });
    const current = await network.groupings.updateGrouping({ ...change, if_match: '"1"' }, as());
    expect(current.grouping).toMatchObject({ reference: "b", version: 2 });
    const nobody = { id: null, reference: "nobody", items: [], update_mask: [] };
    await expect(
      network.groupings.updateGroupings({ order: id, changes: [nobody] }, as()),
    ).rejects.toMatchObject({
      code: "GROUPING_NOT_FOUND",
      violations: [{ pointer: "/changes/0/reference" }],
    });
  });

  it("of items adds, changes and removes them one by one", async () => {
    const { id, lines } = await created(aLine("shirt", 4), aLine("hat", 4));
    const [grouping] = await create(id, aGrouping("a", profile_id));
    const at = { order: id, grouping: grouping!.id! };
    const items = lines.map((order_line_item_id) => anItem(1, { order_line_item_id }));
    const added = await network.groupings.createGroupingItems({ ...at, items }, as());
    const [shirt, hat] = added.items.map((item) => item.id!);
    const change = { ...at, id: shirt!, item: anItem(3) };
    const changed = await network.groupings.updateGroupingItem(change, as());
    expect(changed).toMatchObject({ version: 3, item: { id: shirt, sku_customer_id: "shirt", quantity: 3 } });
    const tooMany = network.groupings.updateGroupingItem({ ...change, item: anItem(5) }, as());
    await expect(tooMany).rejects.toMatchObject({ violations: [{ pointer: "/item/quantity" }] });
    await network.groupings.deleteGroupingItem({ ...at, id: hat! }, as());
    const left = await network.groupings.listGroupingItems(at, as());
    expect(left.items.map((item) => item.id)).toEqual([shirt]);
    const gone = network.groupings.getGroupingItem({ ...at, id: hat! }, as());
    await expect(gone).rejects.toMatchObject({ code: "GROUPING_ITEM_NOT_FOUND" });
  });

  it("removes a grouping, whose units others can have then, and tells every change once and in order", async () => {
    const { id } = await created(aLine("shirt", 1));
    const items = [anItem(1, { sku_customer_id: "shirt" })];
    const [first] = await create(id, aGrouping("a", profile_id, items));
    await network.groupings.deleteGrouping({ order: id, grouping: first!.id! }, as());
    const [second] = await create(id, aGrouping("a", profile_id, items));
    expect(second).toMatchObject({ uom_quantity_ordered: 1, version: 1 });
    const events = await told(id);
    expect(events.map(({ type }) => type)).toEqual(["created", "deleted", "created"]);
    expect(events[0]!.data).toMatchObject({ order_id: id, id: first!.id, quantity_ordered: 1 });
  });

  it("is told once, with what the grouping is then", async () => {
    const { id } = await created(aLine("shirt", 4));
    const [grouping] = await create(id, aGrouping("a", profile_id));
    const items = [anItem(3, { sku_customer_id: "shirt" })];
    const change = { id: grouping!.id!, reference: "b", items, update_mask: ["reference", "items"] };
    await network.groupings.updateGroupings({ order: id, changes: [change] }, as());
    await network.groupings.updateGroupings({ order: id, changes: [change] }, as());
    const events = await told(id);
    expect(events.map(({ type }) => type)).toEqual(["created", "updated"]);
    expect(events[1]!.data).toMatchObject({
      order_id: id,
      id: grouping!.id,
      reference: "b",
      version: 2,
      uom_quantity_ordered: 3,
      items: [{ sku_customer_id: "shirt", quantity: 3 }],
    });
    for (const name of ["first_name", "has_prerelease", "release_at"])
      expect(events[1]!.data).not.toHaveProperty(name);
  });
});

describe("the counters of groupings", () => {
  /** Four shirts, of which two groupings have one and two; two are shipped. */
  async function shipped() {
    const { id } = await created(aLine("shirt", 4));
    const groupings = [1, 2].map((units) =>
      aGrouping(`g${units}`, profile_id, [anItem(units, { sku_customer_id: "shirt" })]),
    );
    await create(id, ...groupings);
    await network.fulfillment.acceptOrder({ order: id, request_id: "a" }, as());
    await network.fulfillment.startOrder({ order: id, request_id: "s", lines: [] }, as());
    await network.fulfillment.packOrder({ order: id, request_id: "p", lines: [] }, as());
    const line = { ...ShipmentLineItem.decode(nothing), sku_customer_id: "shirt", quantity: 2 };
    const shipment = { ...Shipment.decode(nothing), shipment_line_items: [line] };
    await network.fulfillment.shipOrder({ order: id, request_id: "x", shipment }, as());
    return id;
  }
  const counts = (groupings: Awaited<ReturnType<typeof list>>) =>
    groupings.map(({ uom_quantity_fulfilled, uom_quantity_outstanding }) => [
      uom_quantity_fulfilled,
      uom_quantity_outstanding,
    ]);
  const right = [
    [1, 0],
    [1, 1],
  ];

  it("hold a shipment at once with strong consistency, and tell it", async () => {
    const id = await shipped();
    expect(counts(await list(id, "strong"))).toEqual(right);
    const events = await told(id);
    expect(events.map(({ type, data }) => [type, data["uom_quantity_fulfilled"]])).toEqual([
      ["created", 0],
      ["created", 0],
      ["moved", 1],
      ["moved", 1],
    ]);
  });

  it("are mended by a rebuild, also where they take something for known that never was", async () => {
    const id = await shipped();
    await list(id, "strong");
    const rebuild = () => network.groupings.rebuildGroupings({ order: id }, as());
    expect(await rebuild()).toEqual({ orders: 1, changed: 0, next_cursor: null });
    const wrong = {
      "groupings.1.items.0.uom_quantity_fulfilled": 7,
      "snapshot.movements": [],
      "snapshot.sequence": 1_000_000,
    };
    await documents().updateOne({ _id: id }, { $set: wrong }, { writeConcern: { w: "majority" } });
    expect(counts(await list(id))).not.toEqual(right);
    expect(await rebuild()).toEqual({ orders: 1, changed: 1, next_cursor: null });
    expect(counts(await list(id))).toEqual(right);
    expect(await rebuild()).toEqual({ orders: 1, changed: 0, next_cursor: null });
  });

  it("are rebuilt for a tenant in parts, each order once", async () => {
    const tenant = { ...as(), tenantId: network.tenant("rebuilder") };
    await network.skus.createSkus({ skus: [aSku("shirt")] }, tenant);
    const { profile } = await network.profiles.createProfile(
      { profile: { first_name: "Ada", last_name: "Lovelace" } },
      tenant,
    );
    const names = ["a", "b", "c"].map((name) => anOrder(name));
    for (const { system_id } of (await network.orders.createOrders({ orders: names }, tenant)).results) {
      const groupings = [aGrouping("g", profile!.id!)];
      await network.groupings.createGroupings({ order: system_id!, groupings }, tenant);
    }
    const part = (cursor: string | null) => network.groupings.rebuildGroupings({ cursor, limit: 2 }, tenant);
    const first = await part(null);
    expect(first).toMatchObject({ orders: 2, changed: 0 });
    expect(await part(first.next_cursor!)).toEqual({ orders: 1, changed: 0, next_cursor: null });
  });
});

describe("the release dates of a grouping's SKUs", () => {
  const later = "2999-01-01T00:00:00.000Z";
  const copies = () => network.groupingsDb.collection<SkuReleaseDocument>("sku_releases");

  async function grouped(name: string) {
    const { results } = await network.skus.createSkus({ skus: [aSku(name, { release_at: later })] }, as());
    // Its event has come: it will not come in between.
    await expect.poll(() => copies().findOne({ _id: results[0]!.system_id! })).not.toBeNull();
    const { id } = await created(aLine(name));
    const [grouping] = await create(id, aGrouping("g", profile_id, [anItem(1, { sku_customer_id: name })]));
    expect(grouping).toMatchObject({ has_prerelease: true, has_released: false, release_at: later });
    return { id, sku_id: grouping!.items[0]!.sku_id! };
  }

  it("show also where no event has told of the SKU yet", async () => {
    const { id, sku_id } = await grouped("unheard");
    await copies().deleteOne({ _id: sku_id });
    expect(await list(id)).toMatchObject([{ has_prerelease: true, release_at: later }]);
  });

  it("show as they are now with strong consistency", async () => {
    const { id, sku_id } = await grouped("lagging");
    // As before the SKU's last event.
    const old = { release_at: null, updated_at: "2020-01-01T00:00:00.000Z" };
    await copies().updateOne({ _id: sku_id }, { $set: old }, { writeConcern: { w: "majority" } });
    expect(await list(id)).toMatchObject([{ has_prerelease: false }]);
    expect(await list(id, "strong")).toMatchObject([{ has_prerelease: true, release_at: later }]);
  });

  it("are told when they change", async () => {
    const { id, sku_id } = await grouped("changing");
    await network.skus.updateSkus({ skus: [aSku("changing")] }, as());
    await expect
      .poll(async () => (await told(id)).filter(({ type }) => type === "released"))
      .toMatchObject([{ data: { releases: [{ sku_id, release_at: null, released: true }] } }]);
    expect(await list(id)).toMatchObject([{ has_prerelease: false, has_released: true, release_at: null }]);
  });
});
