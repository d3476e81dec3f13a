import { sendDemoData } from "@waybill/dev-env/demo.ts";
import { startWarehouse, warehouseDelays } from "@waybill/dev-env/warehouse.ts";
import { expect, inject, it, vi } from "vitest";
import { apiOf, keyOf } from "./api.ts";

const api = apiOf("demo");
const list = async () => (await api.get("/orders")).body.data;

it("the demo's orders are there once, however often they are sent, and its warehouse delivers them all", async () => {
  const { url, grpc } = inject("system");
  await sendDemoData(url, keyOf("demo"));
  const sent = await list();
  await sendDemoData(url, keyOf("demo"));
  expect(await list()).toEqual(sent);
  const names = sent.map(({ customer_identifier }: any) => customer_identifier);
  expect(names.toSorted()).toEqual([1, 2, 3, 4, 5].map((nth) => `demo-${nth}`));
  const said: string[] = [];
  const delays = warehouseDelays("0,0,0,0,0");
  await using _warehouse = startWarehouse(grpc.orders, "demo", delays, (line) => said.push(line));
  const isDelivered = ({ status }: any) => status === "delivered";
  await vi.waitUntil(async () => (await list()).every(isDelivered), { timeout: 20_000, interval: 50 });
  expect(said).toEqual([]);
});
