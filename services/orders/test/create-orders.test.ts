import { connectTestNetwork, type TestNetwork } from "../../../test/network.ts";
import { aLine, anOrder, aSku } from "@waybill/dev-env/records.ts";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";

let network: TestNetwork;
beforeAll(async () => {
  network = await connectTestNetwork(inject("system"));
  await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as("shop"));
});
afterAll(() => network[Symbol.asyncDispose]());

const create = (...orders: ReturnType<typeof anOrder>[]) =>
  network.orders.createOrders({ orders }, network.as("shop"));

describe("creating orders", () => {
  it("stores each with one event, and mints ascending numbers from 1,000,000,000 upward", async () => {
    const { results } = await create(anOrder("n1"), anOrder("n2"));
    const documents = await network.ordersDb
      .collection("orders")
      .find({ tenant_id: network.tenant("shop"), customer_identifier: { $in: ["n1", "n2"] } })
      .sort({ order_nr: 1 })
      .toArray();
    expect(documents.map(({ customer_identifier }) => customer_identifier)).toEqual(["n1", "n2"]);
    expect(documents[0]!["order_nr"]).toBeGreaterThanOrEqual(1_000_000_000);
    const ids = results.map(({ system_id }) => system_id!);
    const rows = await network.ordersDb
      .collection("outbox")
      .find({ aggregate_id: { $in: ids } })
      .toArray();
    expect(rows.map(({ sequence }) => sequence)).toEqual([1, 1]);
  });

  it("of 64 concurrent calls answers each caller with its own order", async () => {
    const names = Array.from({ length: 64 }, (_, index) => `concurrent-${index}`);
    const answers = await Promise.all(names.map((name) => create(anOrder(name))));
    expect(answers.map(({ results }) => results[0]!.customer_identifier)).toEqual(names);
    expect(new Set(answers.map(({ results }) => results[0]!.system_id)).size).toBe(64);
  });

  it("racing on overlapping batches leaves one order of each identifier, and the same id for all", async () => {
    const names = Array.from({ length: 10 }, (_, index) => `overlap-${index}`);
    const answers = await Promise.all(
      Array.from({ length: 8 }, (_, turn) =>
        create(...[...names.slice(turn), ...names.slice(0, turn)].map((n) => anOrder(n))),
      ),
    );
    const ids = new Map<string, Set<string>>();
    for (const { customer_identifier, system_id } of answers.flatMap(({ results }) => results)) {
      ids.set(customer_identifier!, (ids.get(customer_identifier!) ?? new Set()).add(system_id!));
    }
    expect([...ids.values()].map(({ size }) => size)).toEqual(names.map(() => 1));
    const stored = await network.ordersDb
      .collection("orders")
      .countDocuments({ tenant_id: network.tenant("shop"), customer_identifier: /^overlap-/ });
    expect(stored).toBe(10);
  });

  it("refuses a record that is too large for an event, and none of its neighbors", async () => {
    const lines = Array.from({ length: 500 }, () =>
      aLine("shirt", 1, {
        pick_from: Array.from({ length: 20 }, () => ({
          match_type: "lot_number",
          match_value: Array.from({ length: 10 }, () => "x".repeat(20)),
          match_style: "soft",
        })),
      }),
    );
    const { results } = await create(
      anOrder("small-1"),
      anOrder("huge", { line_items: lines }),
      anOrder("small-2"),
    );
    expect(results.map(({ code }) => code)).toEqual([null, "RECORD_TOO_LARGE", null]);
  });

  it("keeps the identifiers of tenants apart", async () => {
    await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as("other"));
    const here = await create(anOrder("same-name"));
    const there = await network.orders.createOrders(
      { orders: [anOrder("same-name", { priority: 1 })] },
      network.as("other"),
    );
    expect(there.results[0]!.status).toBe("success");
    expect(there.results[0]!.system_id).not.toBe(here.results[0]!.system_id);
  });

  it("shows no line of an attempt that did not commit", async () => {
    await create(anOrder("once"));
    await create(anOrder("once", { priority: 3 }));
    const { data } = await network.orders.listOrders({ id: [], cid: ["once"] }, network.as("shop"));
    expect(data.map(({ line_items }) => line_items.length)).toEqual([1]);
  });
});

describe("a call with mode=atomic", () => {
  const atomically = (...orders: ReturnType<typeof anOrder>[]) =>
    network.orders.createOrders({ orders, mode: "atomic" }, network.as("shop"));
  const stored = (names: string[]) =>
    network.ordersDb
      .collection("orders")
      .countDocuments({ tenant_id: network.tenant("shop"), customer_identifier: { $in: names } });

  it("creates all of its orders, and a repeat answers the same", async () => {
    const first = await atomically(anOrder("whole-1"), anOrder("whole-2"));
    expect(first).toMatchObject({ records_succeeded: 2, records_failed: 0 });
    expect((await atomically(anOrder("whole-1"), anOrder("whole-2"))).results).toEqual(first.results);
  });

  it.each([
    ["breaks a rule", anOrder("bad", { order_type: null }), "REQUIRED"],
    ["names an unknown SKU", anOrder("bad", { line_items: [aLine("unknown")] }), "SKU_NOT_FOUND"],
    ["has a known identifier and other content", anOrder("first-here", { priority: 9 }), "DUPLICATE_ORDER"],
  ])("creates none when one %s: the others are ATOMIC_ABORTED", async (_, bad, code) => {
    await create(anOrder("first-here"));
    const { results } = await atomically(anOrder("fine-1"), bad, anOrder("fine-2"));
    expect(results.map((result) => result.code)).toEqual(["ATOMIC_ABORTED", code, "ATOMIC_ABORTED"]);
    expect(results.map(({ status }) => status)).toEqual(["failure", "failure", "failure"]);
    expect(await stored(["fine-1", "bad", "fine-2"])).toBe(0);
  });

  it("that races with others is whole or absent, whoever wins", async () => {
    const names = ["race-1", "race-2", "race-3"];
    const answers = await Promise.all(
      Array.from({ length: 6 }, (_, turn) =>
        atomically(...names.map((name) => anOrder(name, { priority: 1 + turn }))),
      ),
    );
    const winners = answers.filter(({ records_succeeded }) => records_succeeded > 0);
    expect(winners.map(({ records_succeeded }) => records_succeeded)).toEqual([3]);
    const priorities = await network.ordersDb
      .collection("orders")
      .distinct("priority", { tenant_id: network.tenant("shop"), customer_identifier: { $in: names } });
    expect(priorities).toHaveLength(1);
  });
});

describe("a call with mode=validate_only", () => {
  it("answers as a create would, and stores nothing", async () => {
    const there = await create(anOrder("there"));
    const orders = [
      anOrder("new-one"),
      anOrder("there"),
      anOrder("there", { priority: 2 }),
      anOrder("no-sku", { line_items: [aLine("unknown")] }),
      anOrder("new-one", { priority: 2 }),
    ];
    const lines = () =>
      network.lineItemsDb.collection("order_lines").countDocuments({ tenant_id: network.tenant("shop") });
    const before = await lines();
    const answer = await network.orders.createOrders({ orders, mode: "validate_only" }, network.as("shop"));
    expect(answer.results.map(({ code, system_id }) => [code, system_id])).toEqual([
      [null, null],
      [null, there.results[0]!.system_id],
      ["DUPLICATE_ORDER", null],
      ["SKU_NOT_FOUND", null],
      ["DUPLICATE_ORDER", null],
    ]);
    const { data } = await network.orders.listOrders({ id: [], cid: ["new-one"] }, network.as("shop"));
    expect([data, await lines()]).toEqual([[], before]);
  });
});

describe("the events of an order", () => {
  it("are read page by page", async () => {
    const { results } = await create(anOrder("paged"));
    const order = results[0]!.system_id!;
    const first = await network.orders.listOrderEvents({ order, limit: 1 }, network.as("shop"));
    expect(first.data.map(({ sequence }) => sequence)).toEqual([1]);
    const rest = await network.orders.listOrderEvents({ order, after_sequence: 1 }, network.as("shop"));
    expect(rest).toEqual({ data: [], next_cursor: null });
  });
});
