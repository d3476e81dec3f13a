import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Waybill } from "@waybill/client";
import { healByRest, type Gap } from "@waybill/consumer";
import { expect, inject, it, onTestFinished } from "vitest";
import { keepTotals, type Total } from "../../packages/consumer/examples/open-orders-per-sku.ts";
import { apiOf, keyOf } from "./api.ts";
import { documentExample } from "./documents/read.ts";

const api = apiOf("consumer");
const [order] = documentExample("001-create-orders");
const record = (customer_identifier: string, quantity: number, sku = "counted-a") => ({
  ...order,
  customer_identifier,
  line_items: [{ sku_customer_id: sku, quantity }],
});
const create = async (...records: object[]): Promise<string[]> => {
  const { body } = await api.post("/orders", records);
  return body.results.map(({ system_id }: { system_id: string }) => system_id);
};

it("the example's totals are right through changes, and after a restart with what came meanwhile", async () => {
  const folder = mkdtempSync(join(tmpdir(), "waybill-totals-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const { kafkaBrokers, topicPrefix, url } = inject("system");
  const waybill = new Waybill({ url, key: keyOf("consumer") });
  const start = () =>
    keepTotals({
      brokers: kafkaBrokers.split(","),
      prefix: topicPrefix,
      file: join(folder, "totals.sqlite"),
      group: "totals",
      heal: (gap: Gap) => (gap.tenantId === "consumer" ? healByRest(waybill, gap) : Promise.resolve([])),
    });
  // The topic has the orders of all test files: only these SKUs are of this one.
  const own = (totals: Total[]) => totals.filter(({ sku }) => sku.startsWith("counted-"));
  await api.post("/skus", [{ customer_identifier: "counted-a" }, { customer_identifier: "counted-b" }]);
  const [first] = await create(record("t1", 2), record("t2", 3), record("t3", 5, "counted-b"));
  {
    await using totals = start();
    await expect
      .poll(() => own(totals.read()))
      .toEqual([
        { sku: "counted-a", orders: 2, units: 5 },
        { sku: "counted-b", orders: 1, units: 5 },
      ]);
    const { body: lines } = await api.get(`/orders/${first}/order_line_items`);
    await api.patch(`/order_line_items/${lines[0].id}`, { amount: 7 });
    await api.post("/data_factory/advanceOrder", [{ order_customer_id: "t2", status: "atWarehouse" }]);
    await expect
      .poll(() => own(totals.read()))
      .toEqual([
        { sku: "counted-a", orders: 1, units: 7 },
        { sku: "counted-b", orders: 1, units: 5 },
      ]);
  }
  await api.post("/order_cancel_requests", [{ customer_identifier: "t3" }]);
  await create(record("t4", 1));
  await using again = start();
  await expect.poll(() => own(again.read())).toEqual([{ sku: "counted-a", orders: 2, units: 8 }]);
});

it("events that the topic does not have any more come from the API", async () => {
  const [id] = await create(record("healed", 1));
  await api.post("/data_factory/advanceOrder", [{ order_customer_id: "healed", status: "packed" }]);
  const waybill = new Waybill({ url: inject("system").url, key: keyOf("consumer") });
  const gap = { tenantId: "consumer", aggregateId: id!, applied: 1, sequence: 4 };
  const healed = await healByRest(waybill, gap);
  expect(healed.map(({ sequence, type }) => [sequence, type])).toEqual([
    [2, "waybill.order.accepted.v1"],
    [3, "waybill.order.started.v1"],
  ]);
  expect(JSON.parse(healed[0]!.data)).toMatchObject({ order_id: id, status: "atWarehouse" });
});
