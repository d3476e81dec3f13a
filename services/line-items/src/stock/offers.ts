import type { EventEmitter } from "node:events";
import { stamped, writeAggregates, type Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import { unavailable } from "@waybill/errors/domain-error.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import { errorFacts } from "@waybill/process/log.ts";
import { repeat } from "@waybill/process/repeat.ts";
import { newCaller, traceparentOr } from "@waybill/rpc/metadata.ts";
import type { ClientSession } from "mongodb";
import type { LineItemsContext } from "../context.ts";
import { freeUnits, isExpired } from "./lot.ts";
import { lineItemsEventData, type OrderLinesDocument } from "../order-lines.ts";
import { confirmOrders, findUnconfirmed, loadShelves, saveStock } from "./allocation-store.ts";
import { topUp, type AllocationDocument } from "./allocation.ts";
import type { OpenShelves } from "./shelves.ts";
import { withStock } from "./lines-with-stock.ts";

/** Orders that are offered units in one transaction. */
const OFFER_ORDERS_MAX = 100;
const STOCKS_MAX = 100;
/** As many as can be in flight; the rest is confirmed by their events. */
const UNCONFIRMED_MAX = 1_000;
const CALL_MS_MAX = 5_000;
/** How soon units are offered whose offer another process began and did not finish. */
const LOOK_MS = 1_000;
const ROUNDS_MAX = 5;

/** Units of a SKU became free that waiting orders come first for: nothing was written. */
class UnitsOnOffer extends Error {
  override readonly name = "UnitsOnOffer";
  readonly skuIds: readonly string[];

  constructor(skuIds: readonly string[]) {
    super("units are on offer");
    this.skuIds = skuIds;
  }
}

/** Tells whoever offers units that some became free. */
export type Bell = EventEmitter<{ ring: [] }>;

/** Throws `UnitsOnOffer` while free units of these SKUs are for those who wait. */
export function assertNotOnOffer({ stocks }: OpenShelves): void {
  const offered = stocks.filter(({ offering }) => offering).map(({ sku_id }) => sku_id);
  if (offered.length > 0) throw new UnitsOnOffer(offered);
}

/**
 * Runs a transaction that books units, when it is its tenant's turn. Where units are on offer (`work` throws
 * `UnitsOnOffer`) those who wait get them first, then it runs again.
 */
export async function bookInTurn<Result>(
  context: LineItemsContext,
  tenantId: string,
  work: (session: ClientSession) => Promise<Result>,
): Promise<Result> {
  for (let round = 1; round <= ROUNDS_MAX; round += 1) {
    try {
      return await context.turns.take(tenantId, () => inTransaction(context.stock.client, work));
    } catch (error) {
      if (!(error instanceof UnitsOnOffer)) throw error;
      for (const skuId of error.skuIds) await offerUnits(context, tenantId, skuId);
    }
  }
  throw unavailable("the stock changes too fast");
}

/** Offers the free units of a SKU to all orders that wait for it, by priority, then age. */
async function offerUnits(context: LineItemsContext, tenantId: string, skuId: string): Promise<void> {
  await confirmCommitted(context, tenantId, skuId);
  for (let round: Round | null = { last: null, gaveBack: false }; round !== null;) {
    const now: Round = round;
    const offer = (session: ClientSession) => offerNext(context, tenantId, skuId, now, session);
    round = await context.turns.take(tenantId, () => inTransaction(context.stock.client, offer));
  }
}

/** The event of an order that was just created may still be under way: the orders service knows it already. */
async function confirmCommitted(context: LineItemsContext, tenantId: string, skuId: string): Promise<void> {
  const ids = await findUnconfirmed(context, tenantId, skuId, UNCONFIRMED_MAX);
  if (ids.length === 0) return;
  const call = { ...newCaller(tenantId), deadline: Date.now() + CALL_MS_MAX };
  const { ids: committed } = await context.orders.findOrders({ ids }, call);
  await inTransaction(context.stock.client, (session) =>
    confirmOrders(context, tenantId, committed, session),
  );
}

/** How far a round of offers has come. */
interface Round {
  /** The last order that was asked; null before the first. */
  last: AllocationDocument | null;
  /** Whether an order gave units back, which those who were asked before it may want. */
  gaveBack: boolean;
}

/** Offers to the next of those who wait. Answers how far the round has come, null when it is over. */
async function offerNext(
  context: LineItemsContext,
  tenantId: string,
  skuId: string,
  round: Round,
  session: ClientSession,
): Promise<Round | null> {
  const orders = await findWaiting(context, tenantId, skuId, round.last, session);
  const skuIds = orders.flatMap(({ lines }) => lines.map(({ sku_id }) => sku_id));
  const shelves = await loadShelves(context, tenantId, [skuId, ...skuIds], session);
  if (!hasUnits(shelves, skuId)) {
    await endOffer(context, tenantId, skuId, session);
    return null;
  }
  const lines = await findLines(context, orders, session);
  const served = orders.map((order) => {
    const ofOrder = lines.get(order._id);
    return ofOrder ? topUp(order, ofOrder, shelves) : order;
  });
  await saveStock(context, shelves, served, traceparentOr(undefined), session);
  const got = served.filter((order, index) => unitsOf(order) !== unitsOf(orders[index]!));
  await tell(context, got, lines, session);
  const next = { last: orders.at(-1) ?? null, gaveBack: round.gaveBack || gaveBack(shelves, skuId) };
  if (orders.length === OFFER_ORDERS_MAX) return next;
  // An offer that does not end here goes on from the first.
  if (!next.gaveBack) await endOffer(context, tenantId, skuId, session);
  return null;
}

function findWaiting(
  { allocations }: LineItemsContext,
  tenantId: string,
  skuId: string,
  after: AllocationDocument | null,
  session: ClientSession,
): Promise<AllocationDocument[]> {
  const waiting = { tenant_id: tenantId, waiting_skus: skuId, confirmed: true };
  const { priority, submitted_at, _id } = after ?? {};
  const behind = [
    { priority: { $gt: priority! } },
    { priority: priority!, submitted_at: { $gt: submitted_at! } },
    { priority: priority!, submitted_at: submitted_at!, _id: { $gt: _id! } },
  ];
  return allocations
    .find({ ...waiting, ...(after === null ? {} : { $or: behind }) }, { session })
    .sort({ priority: 1, submitted_at: 1, _id: 1 })
    .limit(OFFER_ORDERS_MAX)
    .toArray();
}

/** Whether an order that went to another facility left units of the SKU behind. */
function gaveBack({ stocks, lots }: OpenShelves, skuId: string): boolean {
  const before = stocks.find(({ sku_id }) => sku_id === skuId)!.lots;
  return lots.get(skuId)!.some((lot, index) => freeUnits(lot) > freeUnits(before[index]!));
}

function hasUnits({ lots, now }: OpenShelves, skuId: string): boolean {
  const today = now.slice(0, 10);
  return (lots.get(skuId) ?? []).some(
    (lot) => freeUnits(lot) > 0 && lot.status === "available" && !isExpired(lot, today),
  );
}

async function endOffer(
  { stock }: LineItemsContext,
  tenantId: string,
  skuId: string,
  session: ClientSession,
): Promise<void> {
  const ofSku = { tenant_id: tenantId, sku_id: skuId };
  await stock.collection.updateOne(ofSku, { $set: { offering: false } }, { session });
}

async function findLines(
  { orderLines }: LineItemsContext,
  orders: readonly AllocationDocument[],
  session: ClientSession,
): Promise<ReadonlyMap<string, OrderLinesDocument>> {
  const ids = orders.map(({ _id }) => _id);
  const found = await orderLines.collection.find({ _id: { $in: ids } }, { session }).toArray();
  return new Map(found.map((lines) => [lines._id, lines]));
}

/** Has the lines of these orders show what they got, and tells of it. */
async function tell(
  { orderLines }: LineItemsContext,
  orders: readonly AllocationDocument[],
  lines: ReadonlyMap<string, OrderLinesDocument>,
  session: ClientSession,
): Promise<void> {
  const decisions = orders.map((order) => {
    const state = stamped(lines.get(order._id)!);
    const data = lineItemsEventData(state, "allocated");
    const event = { topic: topics.lineItems, type: "waybill.line_items.allocated.v1", data };
    return withStock({ state, events: [event] }, order) satisfies Decision<OrderLinesDocument>;
  });
  await writeAggregates(orderLines, decisions, traceparentOr(undefined), session);
}

function unitsOf({ lines }: AllocationDocument): number {
  return lines.reduce((sum, { allocated }) => sum + allocated, 0);
}

/** Offers units whenever some became free, until disposed. */
export function startOffers(context: LineItemsContext): AsyncDisposable {
  const offers = repeat(context.log, "offers", LOOK_MS, (signal) => offerAll(context, signal));
  context.bell.on("ring", offers.soon);
  return offers;
}

async function offerAll(context: LineItemsContext, signal: AbortSignal): Promise<void> {
  const found = await context.stock.collection
    .find({ offering: true })
    .project<{ tenant_id: string; sku_id: string }>({ tenant_id: 1, sku_id: 1 })
    .limit(STOCKS_MAX)
    .toArray();
  for (const { tenant_id, sku_id } of found) {
    if (signal.aborted) return;
    // What stands in the way of one SKU keeps no other from being offered.
    await offerUnits(context, tenant_id, sku_id).catch((error: unknown) =>
      context.log.warn({ tenant_id, sku_id, ...errorFacts(error) }, "offers.interrupted"),
    );
  }
}
