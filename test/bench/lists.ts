import { anOrder, aSku } from "@waybill/dev-env/records.ts";
import { newId } from "@waybill/mongo/ids.ts";
import { ListOrdersRequest, type ListOrdersResponse } from "@waybill/proto/orders/v1/orders.ts";
import type { Document } from "mongodb";
import type { TestNetwork } from "../network.ts";
import { startTestNetwork } from "../own-network.ts";
import { compareAll, type BenchContext, type Comparison } from "./bench.ts";

const FEW = 1_000;
const CHUNK = 5_000;
const REPORTED = 100_000;
const IDS_OF_LIST = 30;
/** Ids that lie all over the orders, for each id of a list. */
const IDS_MORE = 10;
const TURNS = 200;
const TURNS_FAR = 30;
const PAGE_FAR = 10_000;
/** The contract's, of `ListOrders`. */
const OFFSET_MAX = 100_000;
const RATIO_MAX = 1.5;
const TENANT = "bench";
const statuses = ["open", "atWarehouse", "inProcess", "packed", "fulfilled", "delivered", "canceled"];
const firstUpdate = Date.parse("2026-01-01T00:00:00Z");
const none = ListOrdersRequest.decode(new Uint8Array());

/** A system with one tenant, who has so many orders. */
interface Shop extends AsyncDisposable {
  list: (request: Partial<ListOrdersRequest>) => Promise<ListOrdersResponse>;
  /** Reads one of its orders by id, another each time. */
  read: () => Promise<unknown>;
  /** Creates one more. */
  create: () => Promise<unknown>;
  /** Some of its orders. */
  ids: string[];
  /** A cursor in the middle of its list, or as far behind as an offset leads. */
  behind: string;
  /** Since when the later half of its orders was updated. */
  lateSince: string;
}

/**
 * Whether lists, reads and creates cost the same among many orders as among 1,000, and what a page far behind
 * costs.
 */
export async function lists(context: BenchContext): Promise<void> {
  const { ordersMax } = context;
  await using many = await openShop(context, ordersMax);
  await using few = await openShop(context, FEW);
  const compare = (what: string, work: (shop: Shop) => Promise<unknown>): Comparison => ({
    what: `${what}, among ${ordersMax}`,
    baseline: () => work(few),
    candidate: () => work(many),
    goal: { max: RATIO_MAX },
  });
  const comparisons = [
    compare("list of the newest 30", ({ list }) => list({})),
    compare("list of 30 by id", ({ list, ids }) => list({ id: ids })),
    compare("list by sdt", ({ list, lateSince }) => list({ sdt: lateSince })),
    compare("list by sdt, ascending", ({ list, lateSince }) => list({ sdt: lateSince, sort: "updated_at" })),
    compare("list by status", ({ list }) => list({ status: "packed" })),
    compare("list by status and sdt", ({ list, lateSince }) => list({ status: "packed", sdt: lateSince })),
    compare("list as summaries", ({ list }) => list({ list_type: "summary" })),
    compare("3 pages by cursor, from far behind", walk),
    compare("one order by id", ({ read }) => read()),
  ];
  await compareAll(comparisons, { turns: TURNS, baselineName: `among ${FEW}` }, context);
  const page = (nth: number) => many.list({ limit: 10, offset: (nth - 1) * 10 });
  const far = {
    what: `page ${PAGE_FAR} by offset, of 10, among ${ordersMax}`,
    baseline: () => page(1),
    candidate: () => page(PAGE_FAR),
  };
  await compareAll([far], { turns: TURNS_FAR, baselineName: "page 1" }, context);
  // Last, since it adds to both.
  const creates = [compare("one order created", ({ create }) => create())];
  await compareAll(creates, { turns: TURNS, baselineName: `among ${FEW}` }, context);
}

async function walk({ list, behind }: Shop): Promise<void> {
  let cursor: string | null = behind;
  for (let page = 0; page < 3; page += 1) cursor = (await list({ cursor })).next_cursor ?? null;
}

/** Each shop has services and databases of its own: indexes that both share would be as deep for both. */
async function openShop(context: BenchContext, orders: number): Promise<Shop> {
  await using opening = new AsyncDisposableStack();
  const network = opening.use(await startTestNetwork(context.mongodbUrl, context.kafkaBrokers));
  const ids = await fill(network, orders, context.report);
  const half = Math.floor(orders / 2);
  const list = (request: Partial<ListOrdersRequest>) =>
    network.orders.listOrders({ ...none, ...request }, network.as(TENANT));
  const { next_cursor } = await list({ limit: 1, offset: Math.min(half, OFFSET_MAX) });
  let reads = 0;
  let creates = 0;
  const open = opening.move();
  return {
    list,
    read: () => network.orders.getOrder({ order: ids[(reads += 1) % ids.length]! }, network.as(TENANT)),
    async create() {
      const record = anOrder(`created-${(creates += 1)}`);
      const { results } = await network.orders.createOrders({ orders: [record] }, network.as(TENANT));
      if (results[0]!.status !== "success") throw new Error(JSON.stringify(results[0]));
    },
    ids: ids.filter((_, index) => index % IDS_MORE === 0),
    behind: next_cursor!,
    lateSince: new Date(timeOf(half)).toISOString(),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

/**
 * Fills the databases with copies of one created order: a minute apart, of all statuses. Answers the ids of
 * some that lie all over them.
 */
async function fill(network: TestNetwork, orders: number, report: BenchContext["report"]): Promise<string[]> {
  await network.skus.createSkus({ skus: [aSku("shirt")] }, network.as(TENANT));
  const created = await network.orders.createOrders({ orders: [anOrder("model")] }, network.as(TENANT));
  const _id = created.results[0]!.system_id!;
  const stores = [
    network.ordersDb.collection<{ _id: string } & Document>("orders"),
    network.lineItemsDb.collection<{ _id: string } & Document>("order_lines"),
  ];
  const models = await Promise.all(stores.map((store) => store.findOneAndDelete({ _id })));
  const kept: string[] = [];
  const keptEach = Math.floor(orders / (IDS_OF_LIST * IDS_MORE));
  for (let from = 0; from < orders; from += CHUNK) {
    const ids = Array.from({ length: Math.min(CHUNK, orders - from) }, newId);
    kept.push(...ids.filter((_, index) => (from + index) % keptEach === 0));
    const copies = (model: Document | null) =>
      ids.map((id, index) => ({ ...model, ...differences(id, from + index) }));
    await Promise.all(
      stores.map((store, index) => store.insertMany(copies(models[index]!), { ordered: false })),
    );
    const done = from + ids.length;
    if (done % REPORTED === 0) report(`  ${done} of ${orders} orders are there`);
  }
  return kept.slice(0, IDS_OF_LIST * IDS_MORE);
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
