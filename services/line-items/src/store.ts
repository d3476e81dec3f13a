import { changeAggregate, type Decision } from "@waybill/events/aggregates.ts";
import { DomainError } from "@waybill/errors/domain-error.ts";
import type { LineTotals } from "@waybill/proto/line_items/v1/line_items.ts";
import type { CollectionDeclaration } from "@waybill/mongo/collections.ts";
import { isOnlyDuplicateKeys } from "@waybill/mongo/failures.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { Collection, Filter } from "mongodb";
import type { LineItemsContext } from "./context.ts";
import type { OrderLinesDocument } from "./order-lines.ts";
import { findAllocations } from "./stock/allocation-store.ts";
import { withStock } from "./stock/lines-with-stock.ts";

/**
 * Stores the lines of new orders. Without a transaction: an order's lines are one document, and belong to an
 * attempt that nobody sees before its order commits. Those that are there already came with an earlier try
 * of the same attempt.
 */
export async function insertOrderLines(
  { orderLines }: LineItemsContext,
  documents: readonly OrderLinesDocument[],
): Promise<void> {
  if (documents.length === 0) return;
  try {
    await orderLines.collection.insertMany([...documents], { ordered: false });
  } catch (error) {
    if (!isOnlyDuplicateKeys(error)) throw error;
  }
}

/** The lines of one order, named by the order or by one of them. */
export type LinesName = { tenantId: string } & ({ orderId: string } | { lineId: string });

/**
 * Changes the lines of one order: `decide` is pure and throws to refuse. Throws `ORDER_NOT_FOUND` or
 * `LINE_ITEM_NOT_FOUND`.
 */
export async function updateOrderLines(
  context: LineItemsContext,
  name: LinesName,
  decide: (lines: OrderLinesDocument) => Decision<OrderLinesDocument>,
  traceparent: string,
): Promise<OrderLinesDocument> {
  const { orderLines } = context;
  return inTransaction(orderLines.client, async (session) => {
    const { _id } = found(await orderLines.collection.findOne(linesKey(name), { session }), name);
    const [stock = null] = await findAllocations(context, name.tenantId, [_id], session);
    const complete = (lines: OrderLinesDocument) => withStock(decide(lines), stock);
    const changed = await changeAggregate(orderLines, { _id }, complete, traceparent, session);
    return found(changed, name);
  });
}

/** The lines of one order. Throws `ORDER_NOT_FOUND` or `LINE_ITEM_NOT_FOUND`. */
export async function getOrderLines(
  { orderLines }: LineItemsContext,
  name: LinesName,
): Promise<OrderLinesDocument> {
  return found(await orderLines.collection.findOne(linesKey(name)), name);
}

/** The filter of what is named. */
export function linesKey(name: LinesName): Filter<OrderLinesDocument> {
  const key = "orderId" in name ? { _id: name.orderId } : { "lines.id": name.lineId };
  return { tenant_id: name.tenantId, ...key };
}

/** What was found. Throws `ORDER_NOT_FOUND` or `LINE_ITEM_NOT_FOUND`. */
export function found(document: OrderLinesDocument | null, name: LinesName): OrderLinesDocument {
  if (document !== null) return document;
  throw new DomainError("orderId" in name ? "ORDER_NOT_FOUND" : "LINE_ITEM_NOT_FOUND");
}

/** With about a kilobyte a line, what fits an answer and memory. */
const LINES_MAX = 10_000;

/**
 * The lines of these orders, those that are known. No more orders are read once there are LINES_MAX lines:
 * `more` tells then that some may be left.
 */
export async function findOrderLines(
  { orderLines }: LineItemsContext,
  tenantId: string,
  orderIds: readonly string[],
): Promise<{ found: OrderLinesDocument[]; more: boolean }> {
  const found: OrderLinesDocument[] = [];
  let lines = 0;
  for await (const document of orderLines.collection.find({
    _id: { $in: [...orderIds] },
    tenant_id: tenantId,
  })) {
    found.push(document);
    lines += document.lines.length;
    if (lines >= LINES_MAX) return { found, more: true };
  }
  return { found, more: false };
}

/** What the lines of these orders add up to, of those that are known. */
export function countOrderLines(
  { orderLines }: LineItemsContext,
  tenantId: string,
  orderIds: readonly string[],
): Promise<LineTotals[]> {
  return orderLines.collection
    .aggregate<LineTotals>([
      { $match: { _id: { $in: [...orderIds] }, tenant_id: tenantId } },
      {
        $project: {
          _id: 0,
          order_id: "$_id",
          line_items_count: { $size: "$lines" },
          total_quantity: { $sum: "$lines.quantity" },
        },
      },
    ])
    .toArray();
}

/** An attempt to create an order, as the sweeper sees it. */
export interface Attempt {
  /** The order's id. */
  _id: string;
  tenant_id: string;
}

interface SweepDocument {
  _id: "attempts";
  /** Every attempt up to this order id has been looked at. */
  position: string;
}

/** The collection that remembers how far was swept. */
export const sweepsCollection: CollectionDeclaration = { name: "sweeps", indexes: [] };

/** The next attempts behind the stored position and older than `before`, an order id. */
export async function nextAttempts(
  context: LineItemsContext,
  before: string,
  limit: number,
): Promise<Attempt[]> {
  const sweep = await context.sweeps.findOne({ _id: "attempts" });
  return context.orderLines.collection
    .find({ _id: { $gt: sweep?.position ?? "", $lt: before } })
    .project<Attempt>({ tenant_id: 1 })
    .sort({ _id: 1 })
    .limit(limit)
    .toArray();
}

/** Frees the lines of these attempts. */
export async function freeAttempts(
  { orderLines }: LineItemsContext,
  attempts: readonly Attempt[],
): Promise<void> {
  await orderLines.collection.deleteMany({ _id: { $in: attempts.map(({ _id }) => _id) } });
}

/** Remembers that every attempt up to this order id has been looked at. */
export async function saveSweep({ sweeps }: LineItemsContext, position: string): Promise<void> {
  await sweeps.updateOne({ _id: "attempts" }, { $set: { position } }, { upsert: true });
}

/** A sealed order of which it is not known yet that it has left `open`. */
export interface Seal {
  /** The order's id. */
  _id: string;
  tenant_id: string;
  sealed_at: string;
}

/** Seals made before that time (RFC 3339, UTC), the oldest first. */
export function oldSeals({ orderLines }: LineItemsContext, before: string, limit: number): Promise<Seal[]> {
  return orderLines.collection
    .find({ sealed_at: { $lt: before } })
    .project<Seal>({ tenant_id: 1, sealed_at: 1 })
    .sort({ sealed_at: 1 })
    .limit(limit)
    .toArray();
}

/** Remembers that these orders have left `open`: their seals are for good. No change of the lines. */
export async function keepSeals({ orderLines }: LineItemsContext, seals: readonly Seal[]): Promise<void> {
  const ids = seals.map(({ _id }) => _id);
  await orderLines.collection.updateMany({ _id: { $in: ids } }, { $set: { sealed_at: null } });
}

/** The documents of the sweeps, for the context. */
export type Sweeps = Collection<SweepDocument>;
