import { changeAggregate } from "@waybill/events/aggregates.ts";
import { inTransaction } from "@waybill/mongo/transaction.ts";
import type { ClientSession } from "mongodb";
import type { LineItemsContext } from "./context.ts";
import type { LedgerEntryDocument } from "./ledger.ts";
import { followEntries, rebuildLedger, tellStock, type OrderLinesDocument } from "./order-lines.ts";
import { findAllocations } from "./stock/allocation-store.ts";
import type { AllocationDocument } from "./stock/allocation.ts";
import { withStock } from "./stock/lines-with-stock.ts";

/**
 * Adds an entry and has the order's lines follow it, as part of the caller's transaction; one that is there
 * already is not counted again.
 * `stock` is what the order has of the stock afterwards, null if nothing of it is tracked.
 */
export async function addEntry(
  { ledger, orderLines }: LineItemsContext,
  entry: LedgerEntryDocument,
  stock: AllocationDocument | null,
  traceparent: string,
  session: ClientSession,
): Promise<void> {
  const { _id, ...fields } = entry;
  const { upsertedCount } = await ledger.updateOne(
    { _id },
    { $setOnInsert: fields },
    { upsert: true, session },
  );
  // A rebuild that came first has counted the entry, but did not know what became of the stock.
  const isCounted = upsertedCount === 0;
  if (isCounted && stock === null) return;
  const lines = { _id: entry.order_id, tenant_id: entry.tenant_id };
  await changeAggregate(
    orderLines,
    lines,
    (current) => withStock(isCounted ? tellStock(current) : followEntries(current, [entry]), stock),
    traceparent,
    session,
  );
}

/**
 * Puts the entries of an order's events in the place of those that are stored, up to the last of them, and
 * derives the counters anew. Later entries stay. Null if the tenant has no such order's lines.
 */
export function replaceEntries(
  context: LineItemsContext,
  order: { tenantId: string; orderId: string; lastSequence: number },
  entries: readonly LedgerEntryDocument[],
  traceparent: string,
): Promise<OrderLinesDocument | null> {
  const { ledger, orderLines } = context;
  const ofOrder = { tenant_id: order.tenantId, order_id: order.orderId };
  return inTransaction(orderLines.client, async (session) => {
    await ledger.deleteMany({ ...ofOrder, sequence: { $lte: order.lastSequence } }, { session });
    if (entries.length > 0) await ledger.insertMany([...entries], { session });
    const all = await ledger.find(ofOrder, { session }).sort({ sequence: 1 }).toArray();
    const lines = { _id: order.orderId, tenant_id: order.tenantId };
    const [stock = null] = await findAllocations(context, order.tenantId, [order.orderId], session);
    const rebuild = (state: OrderLinesDocument) => withStock(rebuildLedger(state, all), stock);
    return changeAggregate(orderLines, lines, rebuild, traceparent, session);
  });
}

/** The entries of these orders, each order's in the sequence of its events. */
export function findEntries(
  { ledger }: LineItemsContext,
  tenantId: string,
  orderIds: readonly string[],
): Promise<LedgerEntryDocument[]> {
  return ledger
    .find({ tenant_id: tenantId, order_id: { $in: [...orderIds] } })
    .sort({ order_id: 1, sequence: 1 })
    .toArray();
}
