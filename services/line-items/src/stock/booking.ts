import { stamped, writeAggregates, type Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { AllocationTerms } from "@waybill/proto/line_items/v1/allocation.ts";
import type { LineItem } from "@waybill/proto/line_items/v1/line_items.ts";
import type { Movement } from "@waybill/proto/line_items/v1/movements.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { Call } from "@waybill/rpc/handlers.ts";
import type { ClientSession } from "mongodb";
import { ringOnceCommitted, type LineItemsContext } from "../context.ts";
import type { KnownSkus } from "../line.ts";
import type { PickStyle } from "./lot.ts";
import { assertNotOnOffer, bookInTurn } from "./offers.ts";
import type { OrderLinesDocument } from "../order-lines.ts";
import { findAllocations, loadShelves, putOnOffer, saveStock, type Traces } from "./allocation-store.ts";
import { allocate } from "./allocating.ts";
import {
  allocatedUnits,
  byId,
  compareTurn,
  newAllocation,
  turnOf,
  type Bookings,
  type AllocationDocument,
} from "./allocation.ts";
import { followUnits } from "./followed-units.ts";
import { putBack, type OpenShelves } from "./shelves.ts";
import type { SkuDocument } from "../sku.ts";
import { withStock, withUnits } from "./lines-with-stock.ts";
import { findSkusById } from "../sku-store.ts";
import { found, linesKey, type LinesName } from "../store.ts";

/** What a booking needs of the call that asks for it: after `deadline` none is begun. */
type BookingCall = Pick<Call, "tenantId" | "traceparent" | "deadline">;

/**
 * Stores the lines of new orders together with the stock that they get, in one transaction whose calls of the
 * database do not grow with the orders. Among the orders priority goes first, then age. Those that are there
 * already came with an earlier try of the same attempt: they keep what they got then.
 */
export function bookOrders(
  context: LineItemsContext,
  call: BookingCall,
  documents: readonly OrderLinesDocument[],
  skus: KnownSkus,
): Promise<Bookings> {
  const { tenantId, traceparent } = call;
  return bookInTurn(context, call, async (session) => {
    const known = await findStoredIds(context, documents, session);
    const repeated = known.size > 0 ? await findAllocations(context, tenantId, [...known], session) : [];
    const fresh = documents.filter(({ _id }) => !known.has(_id));
    if (fresh.length === 0) return byId(repeated);
    const shelves = await loadShelves(context, tenantId, skuIdsOf(fresh), session);
    assertNotOnOffer(shelves);
    const booked = planOrders(fresh, skus, shelves);
    const lines = fresh.map((document) => ({
      ...document,
      lines: withUnits(document.lines, allocatedUnits(booked.get(document._id)!)),
    }));
    await context.orderLines.collection.insertMany(lines, { session });
    await saveStock(context, shelves, [...booked.values()], traceparent, session);
    return byId([...repeated, ...booked.values()]);
  });
}

async function findStoredIds(
  { orderLines }: LineItemsContext,
  documents: readonly OrderLinesDocument[],
  session: ClientSession,
): Promise<ReadonlySet<string>> {
  const ids = documents.map(({ _id }) => _id);
  const found = await orderLines.collection
    .find({ _id: { $in: ids } }, { session })
    .project<{ _id: string }>({ _id: 1 })
    .toArray();
  return new Set(found.map(({ _id }) => _id));
}

/** What `bookOrders` would answer now; books nothing. */
export async function rehearseBooking(
  context: LineItemsContext,
  tenantId: string,
  documents: readonly OrderLinesDocument[],
  skus: KnownSkus,
): Promise<Bookings> {
  return planOrders(documents, skus, await loadShelves(context, tenantId, skuIdsOf(documents)));
}

/** How lines are changed. */
interface LinesChange extends Pick<Call, "traceparent" | "deadline"> {
  terms?: AllocationTerms | null | undefined;
}

/** The lines of an order after a change, with what they have of the stock, null if none of it is tracked. */
interface ChangedLines {
  lines: OrderLinesDocument;
  stock: AllocationDocument | null;
}

/**
 * Changes the lines of an order by a pure rule and gives them their stock anew, in one transaction; `terms` are
 * those of the order from now on, none: as before. Sealed lines, whose order is at the warehouse, must get all
 * of their stock: else `INSUFFICIENT_STOCK`. Throws `ORDER_NOT_FOUND` or `LINE_ITEM_NOT_FOUND`.
 */
export async function changeLines(
  context: LineItemsContext,
  name: LinesName,
  { traceparent, deadline, terms }: LinesChange,
  decide: (lines: OrderLinesDocument) => Decision<OrderLinesDocument>,
): Promise<ChangedLines> {
  const { orderLines } = context;
  const changed = await bookInTurn(context, { ...name, deadline }, async (session) => {
    const current = found(await orderLines.collection.findOne(linesKey(name), { session }), name);
    const [before = null] = await findAllocations(context, name.tenantId, [current._id], session);
    const next = stamped(current);
    const decision = decide(next);
    if (decision.state === next && decision.events.length === 0) return { lines: current, stock: before };
    const state = { ...decision.state, terms: terms ?? decision.state.terms };
    const stock = await reallocate(context, state, before, traceparent, session);
    const complete = withStock({ ...decision, state }, stock, stock?.shorts);
    const [lines] = await writeAggregates(orderLines, [complete], traceparent, session);
    return { lines: lines!, stock };
  });
  ringOnceCommitted(context);
  return changed;
}

async function reallocate(
  context: LineItemsContext,
  state: OrderLinesDocument,
  before: AllocationDocument | null,
  traceparent: string,
  session: ClientSession,
): Promise<AllocationDocument | null> {
  const held = (before?.lines ?? []).map(({ sku_id }) => sku_id);
  const shelves = await loadShelves(context, state.tenant_id, [...skuIdsOf([state]), ...held], session);
  if (before === null && shelves.stocks.length === 0) return null;
  assertNotOnOffer(shelves);
  const order = before ?? { ...newAllocation(state, state.terms, shelves.now), confirmed: true };
  const turn = { terms: state.terms, ...turnOf(state.terms, order.submitted_at) };
  const skuIds = shelves.stocks.map(({ sku_id }) => sku_id);
  const styles = pickStylesOf(await findSkusById(context, state.tenant_id, skuIds, session));
  const stock = allocate({ ...order, ...turn }, state.lines, styles, shelves);
  if (!state.open) assertSupplied(stock);
  await saveStock(context, shelves, [stock], traceparent, session);
  // Units may have become free since they were looked for: this write meets theirs.
  await putOnOffer(context, state.tenant_id, stock.waiting_skus, session);
  return stock;
}

function assertSupplied({ lines, shorts }: AllocationDocument): void {
  const shorted = new Set(shorts.map(({ order_line_item_id }) => order_line_item_id));
  const violations = lines.flatMap(({ order_line_item_id, backordered }, index) => {
    if (backordered === 0 && !shorted.has(order_line_item_id)) return [];
    const detail = "there is not enough stock that the line may have";
    return [{ pointer: `/line_items/${index}/quantity`, code: "INSUFFICIENT_STOCK" as const, detail }];
  });
  if (violations.length > 0) throw new DomainError("INSUFFICIENT_STOCK", undefined, { violations });
}

/** Units that an event of an order moved. */
interface MovedUnits {
  orderId: string;
  movements: readonly Movement[];
  /** The event's. */
  traceparent: string;
}

/**
 * Has the stock follow units that orders of one tenant moved, as part of the caller's transaction: shipped
 * units leave their lots, shorted and canceled ones become free. Answers what the orders have afterwards.
 */
export async function followMovements(
  context: LineItemsContext,
  tenantId: string,
  moved: readonly MovedUnits[],
  session: ClientSession,
): Promise<Bookings> {
  const ids = [...new Set(moved.map(({ orderId }) => orderId))];
  const orders = await findAllocations(context, tenantId, ids, session);
  if (orders.length === 0) return new Map();
  const skuIds = orders.flatMap(({ lines }) => lines.map(({ sku_id }) => sku_id));
  const shelves = await loadShelves(context, tenantId, skuIds, session);
  const followed = orders.map((order) => {
    const own = moved.filter(({ orderId }) => orderId === order._id).flatMap(({ movements }) => movements);
    return followUnits(order, own, shelves);
  });
  const { traceparent } = moved[0]!;
  await saveStock(context, shelves, followed, traceparent, session, tracesOf(orders, moved));
  return byId(followed);
}

/** The trace of the last event that moved units of each SKU. */
function tracesOf(orders: readonly AllocationDocument[], moved: readonly MovedUnits[]): Traces {
  const skus = new Map(
    orders.flatMap(({ lines }) =>
      lines.map(({ order_line_item_id, sku_id }) => [order_line_item_id, sku_id] as const),
    ),
  );
  return new Map(
    moved.flatMap(({ movements, traceparent }) =>
      movements.map(({ order_line_item_id }) => [skus.get(order_line_item_id) ?? "", traceparent] as const),
    ),
  );
}

/** Frees the stock of attempts that never became orders. */
export async function releaseAttempts(
  context: LineItemsContext,
  tenantId: string,
  orderIds: readonly string[],
  traceparent: string,
): Promise<void> {
  if ((await findAllocations(context, tenantId, orderIds)).length === 0) return;
  const release = async (session: ClientSession) => {
    const orders = await findAllocations(context, tenantId, orderIds, session);
    const lines = orders.flatMap((order) => order.lines);
    const skuIds = lines.map(({ sku_id }) => sku_id);
    const shelves = await loadShelves(context, tenantId, skuIds, session);
    for (const { sku_id, taken } of lines) putBack(shelves, sku_id, taken);
    await saveStock(context, shelves, [], traceparent, session);
    await context.allocations.deleteMany({ _id: { $in: orders.map(({ _id }) => _id) } }, { session });
  };
  await context.turns.take(tenantId, () => inTransaction(context.stock.client, release));
  ringOnceCommitted(context);
}

function planOrders(documents: readonly OrderLinesDocument[], skus: KnownSkus, shelves: OpenShelves) {
  const styles = pickStylesOf([...skus.byId.values(), ...skus.byCustomerIdentifier.values()]);
  const lines = new Map<string, readonly LineItem[]>(documents.map((one) => [one._id, one.lines]));
  const orders = documents.map((one) => newAllocation(one, one.terms, shelves.now)).toSorted(compareTurn);
  return byId(orders.map((order) => allocate(order, lines.get(order._id)!, styles, shelves)));
}

function pickStylesOf(skus: readonly SkuDocument[]): ReadonlyMap<string, PickStyle> {
  return new Map(skus.map(({ _id, pick_style }) => [_id, (pick_style ?? "FIFO") as PickStyle]));
}

function skuIdsOf(documents: readonly OrderLinesDocument[]): string[] {
  return documents.flatMap(({ lines }) => lines.map(({ sku_id }) => sku_id!));
}
