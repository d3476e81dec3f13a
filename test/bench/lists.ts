import { anOrder, aSku } from "@waybill/dev-env/records.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { ListOrdersRequest, type ListOrdersResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Document } from "mongodb";
import type { TestNetwork } from "../network.ts";
import { startTestNetwork } from "../own-network.ts";
import { compareAll, type BenchContext, type Comparison } from "./bench.ts";

const FEW = 1_000;
const MANY = 100_000;
const CHUNK = 5_000;
const TURNS = 200;
const TURNS_FAR = 30;
const PAGE_FAR = 10_000;
const RATIO_MAX = 1.5;
const statuses = ["open", "atWarehouse", "inProcess", "packed", "fulfilled", "delivered", "canceled"];
const firstUpdate = Date.parse("2026-01-01T00:00:00Z");
const none = ListOrdersRequest.decode(new Uint8Array());

/** A tenant's lists. */
interface Shop {
  list: (request: Partial<ListOrdersRequest>) => Promise<ListOrdersResponse>;
  /** Some of its orders. */
  ids: string[];
  /** A cursor in the middle of its list. */
  middle: string;
  /** Since when the later half of its orders was updated. */
  lateSince: string;
}

/** Whether lists of orders cost the same among 100,000 orders as among 1,000, and what a page far behind costs. */
export async function lists(context: BenchContext): Promise<void> {
  await using network = await startTestNetwork(context.mongodbUrl, context.kafkaBrokers);
  const few = await openShop(network, "few", FEW);
  const many = await openShop(network, "many", MANY);
  const compare = (name: string, work: (shop: Shop) => Promise<unknown>): Comparison => ({
    what: `list among ${MANY} orders: ${name}`,
    baseline: () => work(few),
    candidate: () => work(many),
    goal: { max: RATIO_MAX },
  });
  const comparisons = [
    compare("the newest 30", ({ list }) => list({})),
    compare("30 by id", ({ list, ids }) => list({ id: ids })),
    compare("by sdt", ({ list, lateSince }) => list({ sdt: lateSince })),
    compare("by sdt, ascending", ({ list, lateSince }) => list({ sdt: lateSince, sort: "updated_at" })),
    compare("by status", ({ list }) => list({ status: "packed" })),
    compare("by status and sdt", ({ list, lateSince }) => list({ status: "packed", sdt: lateSince })),
    compare("as summaries", ({ list }) => list({ list_type: "summary" })),
    compare("3 pages by cursor, from the middle", walk),
  ];
  await compareAll(comparisons, { turns: TURNS, baselineName: `among ${FEW}` }, context);
  const page = (nth: number) => many.list({ limit: 10, offset: (nth - 1) * 10 });
  const far = {
    what: `list among ${MANY} orders: page ${PAGE_FAR} by offset, of 10`,
    baseline: () => page(1),
    candidate: () => page(PAGE_FAR),
  };
  await compareAll([far], { turns: TURNS_FAR, baselineName: "page 1" }, context);
}

async function walk({ list, middle }: Shop): Promise<void> {
  let cursor: string | null = middle;
  for (let page = 0; page < 3; page += 1) cursor = (await list({ cursor })).next_cursor ?? null;
}

async function openShop(network: TestNetwork, tenantId: string, orders: number): Promise<Shop> {
  const ids = await fill(network, tenantId, orders);
  const list = (request: Partial<ListOrdersRequest>) =>
    network.orders.listOrders({ ...none, ...request }, network.as(tenantId));
  const { next_cursor } = await list({ limit: 1, offset: orders / 2 });
  const lateSince = new Date(timeOf(orders / 2)).toISOString();
  const some = ids.filter((_, index) => index % Math.floor(orders / 30) === 0).slice(0, 30);
  return { list, ids: some, middle: next_cursor!, lateSince };
}

/** Fills the databases with copies of one created order: a minute apart, of all statuses. Answers their ids. */
async function fill(network: TestNetwork, tenantId: string, orders: number): Promise<string[]> {
  await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as(tenantId));
  const created = await network.orders.createOrders({ orders: [anOrder("model")] }, network.as(tenantId));
  const _id = created.results[0]!.system_id!;
  const stores = [
    network.ordersDb.collection<{ _id: string } & Document>("orders"),
    network.lineItemsDb.collection<{ _id: string } & Document>("order_lines"),
  ];
  const models = await Promise.all(stores.map((store) => store.findOneAndDelete({ _id })));
  const ids = Array.from({ length: orders }, newId);
  for (let from = 0; from < orders; from += CHUNK) {
    const chunk = ids.slice(from, from + CHUNK);
    const copies = (model: Document | null) =>
      chunk.map((id, index) => ({ ...model, ...differences(id, from + index) }));
    await Promise.all(stores.map((store, index) => store.insertMany(copies(models[index]!))));
  }
  return ids;
}

function differences(_id: string, index: number) {
  return {
    _id,
    customer_identifier: `order-${index}`,
    order_nr: 2_000_000_000 + index,
    status: statuses[index % statuses.length],
    updated_at: new Date(timeOf(index)).toISOString(),
  };
}

function timeOf(index: number): number {
  return firstUpdate + index * 60_000;
}
