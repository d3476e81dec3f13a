import { stamped, writeAggregates, type Decision } from "@waybill/events/aggregates.ts";
import { topics } from "@waybill/events/topics.ts";
import type { ClientSession } from "mongodb";
import type { LineItemsContext } from "../context.ts";
import { lineItemsEventData, type OrderLinesDocument } from "../order-lines.ts";
import { loadShelves, putOnOffer, saveStock } from "./allocation-store.ts";
import { topUp } from "./allocating.ts";
import { hasOtherUnits, skusGivenBack, type AllocationDocument } from "./allocation.ts";
import { withStock } from "./lines-with-stock.ts";
import { freeUnits, isExpired } from "./lot.ts";
import { reserveOffered, type OpenShelves } from "./shelves.ts";

/** Orders that are offered units in one transaction. */
const OFFER_ORDERS_MAX = 100;

/** A round of offers of one SKU, and how far it has come. */
export interface Round {
  tenantId: string;
  skuId: string;
  traceparent: string;
  /** The SKU's count of offers when it began: with another one the round does not hold any more. */
  offers: number;
  /** The last order that was asked; null before the first. */
  last: AllocationDocument | null;
}

/** What a page of a round came to. */
interface OfferedPage {
  /** `next`: go on behind `last`. `again`: the round must begin anew. `over`: the offer has ended. */
  outcome: "next" | "again" | "over";
  last: AllocationDocument | null;
  /** Whether an order gave units back, which others may want. */
  gaveBack: boolean;
}

/** Offers to the next of those who wait, as part of the caller's transaction. */
export async function offerNext(
  context: LineItemsContext,
  round: Round,
  session: ClientSession,
): Promise<OfferedPage> {
  const { tenantId, skuId, last, traceparent } = round;
  const orders = await findWaiting(context, round, session);
  const skuIds = orders.flatMap(({ lines }) => lines.map(({ sku_id }) => sku_id));
  const shelves = await loadShelves(context, tenantId, [skuId, ...skuIds], session);
  const stock = shelves.stocks.find(({ sku_id }) => sku_id === skuId);
  if (stock?.offers !== round.offers) return { outcome: "again", last: null, gaveBack: false };
  if (!hasUnits(shelves, skuId)) {
    await endOffer(context, round, session);
    return { outcome: "over", last, gaveBack: false };
  }
  const lines = await findLines(context, orders, session);
  const { served, returned } = serve(orders, lines, reserveOffered(shelves, skuId));
  await saveStock(context, shelves, served, traceparent, session);
  const changed = served.filter((order, index) => hasOtherUnits(order, orders[index]!));
  await tell(context, changed, lines, traceparent, session);
  await putOnOffer(context, tenantId, returned, session);
  const gaveBack = returned.length > 0;
  const isLast = !gaveBack && orders.length < OFFER_ORDERS_MAX;
  if (isLast) await endOffer(context, round, session);
  return { outcome: isLast ? "over" : "next", last: served.at(-1) ?? last, gaveBack };
}

/**
 * Gives units to the orders in their turn, up to the first that gives some back: those before it may want
 * them, and come first. `returned` are the SKUs of those units.
 */
function serve(
  orders: readonly AllocationDocument[],
  lines: ReadonlyMap<string, OrderLinesDocument>,
  shelves: OpenShelves,
): { served: AllocationDocument[]; returned: string[] } {
  const served: AllocationDocument[] = [];
  for (const order of orders) {
    const ofOrder = lines.get(order._id);
    const next = ofOrder ? topUp(order, ofOrder, shelves) : order;
    served.push(next);
    const returned = skusGivenBack(order, next);
    if (returned.length > 0) return { served, returned };
  }
  return { served, returned: [] };
}

function findWaiting(
  { allocations }: LineItemsContext,
  { tenantId, skuId, last }: Round,
  session: ClientSession,
): Promise<AllocationDocument[]> {
  const waiting = { tenant_id: tenantId, waiting_skus: skuId, confirmed: true };
  const { priority, submitted_at, _id } = last ?? {};
  const behind = [
    { priority: { $gt: priority! } },
    { priority: priority!, submitted_at: { $gt: submitted_at! } },
    { priority: priority!, submitted_at: submitted_at!, _id: { $gt: _id! } },
  ];
  return allocations
    .find({ ...waiting, ...(last === null ? {} : { $or: behind }) }, { session })
    .sort({ priority: 1, submitted_at: 1, _id: 1 })
    .limit(OFFER_ORDERS_MAX)
    .toArray();
}

function hasUnits({ lots, now }: OpenShelves, skuId: string): boolean {
  const today = now.slice(0, 10);
  return (lots.get(skuId) ?? []).some(
    (lot) => freeUnits(lot) > 0 && lot.status === "available" && !isExpired(lot, today),
  );
}

async function endOffer(
  { stock }: LineItemsContext,
  { tenantId, skuId }: Round,
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
  traceparent: string,
  session: ClientSession,
): Promise<void> {
  const decisions = orders.map((order) => {
    const state = stamped(lines.get(order._id)!);
    const data = lineItemsEventData(state, "allocated");
    const event = { topic: topics.lineItems, type: "waybill.line_items.allocated.v1", data };
    return withStock({ state, events: [event] }, order) satisfies Decision<OrderLinesDocument>;
  });
  await writeAggregates(orderLines, decisions, traceparent, session);
}
