import { applyOnce, type AppliedStore, type FreshEvent } from "@waybill/events/consumer/applied.ts";
import type { ConsumedEvent } from "@waybill/consumer/consumed-event.ts";
import type { ClientSession } from "mongodb";
import { followMovements } from "../stock/booking.ts";
import type { LineItemsContext } from "../context.ts";
import { addEntry } from "../ledger-store.ts";
import { toEntry, type LedgerEntryDocument } from "../ledger.ts";
import { confirmOrders } from "../stock/allocation-store.ts";
import type { Bookings, AllocationDocument } from "../stock/allocation.ts";

/** An event, and what it moved. */
interface Move {
  event: FreshEvent;
  entry: LedgerEntryDocument;
}

/**
 * Has the stock and the ledger follow the units that orders moved: an entry of each event that moves some,
 * once. An order that was created may wait for stock from now on.
 */
export async function onOrderEvents(
  context: LineItemsContext,
  applied: AppliedStore,
  events: readonly ConsumedEvent[],
): Promise<void> {
  let mayOffer = false;
  await applyOnce(applied, events, async (fresh, session) => {
    const moves = fresh.map((event) => ({
      event,
      entry: toEntry(event.tenantId, event.aggregateId, event),
    }));
    const stocks = new Map<string, AllocationDocument>();
    for (const [tenantId, own] of Map.groupBy(moves, ({ event }) => event.tenantId)) {
      const followed = await followStock(context, tenantId, own, session);
      for (const [orderId, stock] of followed) stocks.set(orderId, stock);
    }
    mayOffer = stocks.size > 0;
    for (const { event, entry } of moves) {
      const stock = stocks.get(event.aggregateId) ?? null;
      if (entry.movements.length > 0) await addEntry(context, entry, stock, event.traceparent, session);
    }
  });
  if (mayOffer) context.bell.emit("ring");
}

/** What the orders that moved units, or were created, have of the stock afterwards. */
async function followStock(
  context: LineItemsContext,
  tenantId: string,
  moves: readonly Move[],
  session: ClientSession,
): Promise<Bookings> {
  const created = moves.filter(({ event }) => event.type === "waybill.order.created.v1");
  const createdIds = created.map(({ event }) => event.aggregateId);
  const confirmed =
    createdIds.length > 0 ? await confirmOrders(context, tenantId, createdIds, session) : new Map();
  const moved = moves
    .filter(({ entry }) => entry.movements.length > 0)
    .map(({ event: { traceparent }, entry: { order_id, movements } }) => ({
      orderId: order_id,
      movements,
      traceparent,
    }));
  if (moved.length === 0) return confirmed;
  const followed = await followMovements(context, tenantId, moved, session);
  return new Map([...confirmed, ...followed]);
}
