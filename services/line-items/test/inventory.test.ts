import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aSku } from "@waybill/dev-env/records.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { newStockCalls, type StockCalls } from "./stock-calls.ts";

let network: TestNetwork;
let calls: StockCalls;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  calls = newStockCalls(network, "shop");
  await calls.facility("east");
  await calls.facility("west");
});
afterAll(() => network[Symbol.asyncDispose]());

const inventoryOf = async (sku: string) =>
  (await network.inventory.listInventory({ id: [], cid: [sku] }, network.as("shop"))).data[0];

describe("stock", () => {
  it("adds up to totals, by facility and by status", async () => {
    await calls.sku("sums");
    await calls.receive("sums", 10);
    await calls.receive("sums", 4, { facility_id: "west" });
    await calls.receive("sums", 3, { status: "quality_hold" });
    await calls.receive("sums", 2, { expiration_date: "2020-01-01" });
    const { as_of, updated_at, ...sums } = (await inventoryOf("sums"))!;
    expect(Date.parse(as_of)).toBeGreaterThanOrEqual(Date.parse(updated_at));
    const none = { allocated: 0, damaged: 0 };
    expect(sums).toMatchObject({
      sku_customer_id: "sums",
      ...none,
      on_hand: 19,
      available_to_sell: 14,
      quality_hold: 3,
      expired: 2,
      facilities: [
        { facility_id: "east", ...none, on_hand: 15, available_to_sell: 10, quality_hold: 3, expired: 2 },
        { facility_id: "west", ...none, on_hand: 4, available_to_sell: 4, quality_hold: 0, expired: 0 },
      ],
    });
  });

  it("that comes in like other stock of that day joins its lot", async () => {
    await calls.sku("join");
    const first = await calls.receive("join", 5, { lot_number: "L1" });
    const second = await calls.receive("join", 5, { lot_number: "L1" });
    const other = await calls.receive("join", 5, { lot_number: "L2" });
    expect(second).toMatchObject({ id: first.id, quantity: 10 });
    expect(other).toMatchObject({ quantity: 5 });
  });

  it("changes once per request id; a repeat answers the same, and anything else under the id is refused", async () => {
    await calls.sku("once");
    const call = { ...calls.receipt("once", 5), request_id: "receipt-1" };
    const first = await network.inventory.receiveStock(call, network.as("shop"));
    const [again, race] = await Promise.all([
      network.inventory.receiveStock(call, network.as("shop")),
      network.inventory.receiveStock(call, network.as("shop")),
    ]);
    expect([again, race]).toEqual([first, first]);
    const other = network.inventory.receiveStock({ ...call, quantity: 6 }, network.as("shop"));
    await expect(other).rejects.toMatchObject({ code: "REQUEST_ID_REUSED" });
    expect(await inventoryOf("once")).toMatchObject({ on_hand: 5 });
  });

  it("is corrected with a reason, never below what is there", async () => {
    await calls.sku("counted");
    const { id } = await calls.receive("counted", 5);
    expect(await calls.adjust("counted", id, -2, "loss")).toMatchObject({ quantity: 3 });
    await expect(calls.adjust("counted", id, -4, "loss")).rejects.toMatchObject({
      code: "INSUFFICIENT_STOCK",
    });
    expect(await calls.adjust("counted", id, -3, "damage")).toMatchObject({ quantity: 0 });
    expect(await inventoryOf("counted")).toMatchObject({ on_hand: 0, facilities: [] });
    await expect(calls.adjust("counted", id, 1, "found")).rejects.toMatchObject({ code: "LOT_NOT_FOUND" });
  });

  it("moves between facilities, and out of quality hold", async () => {
    await calls.sku("moved");
    const { id } = await calls.receive("moved", 5, { status: "quality_hold", lot_number: "L1" });
    const to = { facility_id: "west", status: "available" };
    const moved = await calls.move("moved", id, 3, to);
    expect(moved).toMatchObject({ quantity: 3, lot_number: "L1", ...to });
    expect(await inventoryOf("moved")).toMatchObject({
      on_hand: 5,
      available_to_sell: 3,
      quality_hold: 2,
    });
    await expect(calls.move("moved", id, 3, to)).rejects.toMatchObject({ code: "INSUFFICIENT_STOCK" });
    await expect(calls.move("moved", id, 1, { facility_id: "none" })).rejects.toMatchObject({
      code: "FACILITY_NOT_FOUND",
    });
  });

  it("is told as events, gap-free per SKU", async () => {
    await calls.sku("told");
    const { id } = await calls.receive("told", 5);
    await calls.adjust("told", id, -1, "damage");
    const sku = await inventoryOf("told");
    const rows = await network.lineItemsDb
      .collection("outbox")
      .find({ tenant_id: network.tenant("shop"), key: sku!.sku_id, topic: "waybill.inventory.v1" })
      .sort({ sequence: 1 })
      .toArray();
    expect(rows.map(({ sequence, message_type }) => [sequence, message_type])).toEqual([
      [1, "skuInventoryChange"],
      [2, "skuInventoryChange"],
    ]);
    expect(JSON.parse(rows[1]!["data"] as string)).toMatchObject({
      sku_customer_id: "told",
      cause: "adjusted",
      reason: "damage",
      on_hand: 4,
    });
  });

  it("is listed page by page, each SKU once", async () => {
    for (const name of ["p1", "p2", "p3"]) {
      await network.skus.createSkus({ skus: [aSku(name)] }, network.as("pages"));
      await network.stockSandbox.createAvailable(
        { units: [{ sku_customer_id: name, quantity: 1 }] },
        network.as("pages"),
      );
    }
    const first = await network.inventory.listInventory({ id: [], cid: [], limit: 2 }, network.as("pages"));
    const second = await network.inventory.listInventory(
      { id: [], cid: [], limit: 2, cursor: first.next_cursor },
      network.as("pages"),
    );
    const seen = [...first.data, ...second.data].map(({ sku_customer_id }) => sku_customer_id);
    expect(seen).toEqual(["p1", "p2", "p3"]);
    expect(second.next_cursor).toBe(null);
  });

  it("of another tenant is unknown", async () => {
    await calls.sku("mine");
    await calls.receive("mine", 1);
    const { data } = await network.inventory.listInventory({ id: [], cid: ["mine"] }, network.as("other"));
    expect(data).toEqual([]);
  });
});

describe("the sandbox", () => {
  it("makes stock, with its facility, and loses it; each record fails alone", async () => {
    await calls.sku("toy");
    const made = await network.stockSandbox.createAvailable(
      {
        units: [
          { sku_customer_id: "toy", quantity: 5, lot_number: "L1" },
          { sku_customer_id: "nothing", quantity: 5 },
        ],
      },
      network.as("shop"),
    );
    expect(made.results.map(({ code }) => code)).toEqual([null, "SKU_NOT_FOUND"]);
    const lose = (quantity: number, lot_number: string) =>
      network.stockSandbox.loseInventory(
        { units: [{ sku_customer_id: "toy", quantity, lot_number }] },
        network.as("shop"),
      );
    expect((await lose(1, "L2")).results[0]).toMatchObject({ code: "INSUFFICIENT_STOCK" });
    expect((await lose(2, "L1")).results[0]).toMatchObject({ status: "success" });
    expect(await inventoryOf("toy")).toMatchObject({ on_hand: 3, facilities: [{ facility_id: "main" }] });
  });
});
